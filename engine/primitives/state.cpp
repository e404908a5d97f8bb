#include "engine/primitives/state.h"

#include <fmt/format.h>

#include <stdexcept>

namespace quern {

const char* StateReader::take(size_t n) {
  if (n > left()) {
    throw std::runtime_error(fmt::format("[import] {} bytes are needed at byte {}, and {} are left",
                                         n, position_, left()));
  }
  const char* here = bytes_.data() + position_;
  position_ += n;
  return here;
}

void StateReader::fail(const char* what) const {
  throw std::runtime_error(fmt::format("[import] what ends at byte {} is not {}", position_, what));
}

size_t StateReader::read_count() {
  const auto count = read<uint64_t>();
  if (count > left()) fail("the count of a list that fits into the rest");
  return size_t(count);
}

Dtype StateReader::read_dtype() {
  const auto val = read<uint8_t>();
  if (val >= number_of_dtypes) fail("a dtype");
  return to_dtype(Dtype::Val(val));
}

}  // namespace quern
