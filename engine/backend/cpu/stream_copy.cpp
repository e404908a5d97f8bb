#include "engine/backend/cpu/stream_copy.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/stream_copy.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// `to` and `bytes` are multiples of a cache line.
void stream_lines(const uint8_t* from, uint8_t* to, size_t bytes) {
  const hn::CappedTag<uint8_t, 64> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t i = 0; i < bytes; i += lanes) hn::Stream(hn::LoadU(d, from + i), d, to + i);
}

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(stream_lines);

void stream_copy(const void* from, void* to, size_t bytes) {
  constexpr size_t line = 64;
  const auto* in = static_cast<const uint8_t*>(from);
  auto* out = static_cast<uint8_t*>(to);
  const size_t head = std::min(bytes, size_t(0 - reinterpret_cast<std::uintptr_t>(out)) % line);
  const size_t whole = (bytes - head) / line * line;
  std::memcpy(out, in, head);
  HWY_DYNAMIC_DISPATCH(stream_lines)(in + head, out + head, whole);
  std::memcpy(out + head + whole, in + head + whole, bytes - head - whole);
}

void finish_streaming() { hwy::FlushStream(); }

}  // namespace quern::cpu
#endif
