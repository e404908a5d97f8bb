#include "engine/memory/buffer.h"

#include "engine/memory/allocator.h"

namespace quern {

std::shared_ptr<Buffer> Buffer::allocate(size_t size) {
  const Allocator::Block block = Allocator::instance().allocate(size);
  return std::shared_ptr<Buffer>(new Buffer(block.data, block.size, true, nullptr));
}

std::shared_ptr<Buffer> Buffer::borrow(void* data, size_t size, std::function<void()> release) {
  return std::shared_ptr<Buffer>(new Buffer(data, size, false, std::move(release)));
}

Buffer::~Buffer() {
  if (owned_) {
    Allocator::instance().release({data_, size_});
  } else if (release_) {
    release_();
  }
}

}  // namespace quern
