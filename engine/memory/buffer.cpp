#include "engine/memory/buffer.h"

#include "engine/memory/allocator.h"
#include "engine/memory/pool.h"

namespace quern {

std::shared_ptr<Buffer> Buffer::allocate(size_t size) {
  const Allocator::Block block = Allocator::instance().allocate(size);
  return make_pooled<Buffer>(Passkey{}, block.data, block.size, true, nullptr);
}

std::shared_ptr<Buffer> Buffer::borrow(void* data, size_t size, std::function<void()> release) {
  return make_pooled<Buffer>(Passkey{}, data, size, false, std::move(release));
}

Buffer::~Buffer() {
  if (owned_) {
    Allocator::instance().release({data_, size_});
  } else if (release_) {
    release_();
  }
}

}  // namespace quern
