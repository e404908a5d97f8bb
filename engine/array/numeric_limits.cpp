#include "engine/array/numeric_limits.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <stdexcept>

namespace quern {

namespace {

/// A binary floating-point format: bits of the fraction, and the exponents of the largest and the
/// smallest normal number.
struct Format {
  Dtype dtype;
  int fraction_bits, max_exponent, min_exponent;
};

constexpr std::array<Format, 4> formats = {{
    {float16, 10, 15, -14},
    {bfloat16, 7, 127, -126},
    {float32, 23, 127, -126},
    {float64, 52, 1023, -1022},
}};

[[noreturn]] void refuse(const char* where, const char* wanted, Dtype dtype) {
  throw std::invalid_argument(
      fmt::format("[{}] needs {} dtype, got {}", where, wanted, dtype_name(dtype)));
}

const Format& format_of(Dtype dtype) {
  for (const Format& format : formats) {
    if (format.dtype == (dtype == complex64 ? float32 : dtype)) return format;
  }
  refuse("finfo", "a floating", dtype);
}

}  // namespace

finfo::finfo(Dtype of) : dtype(of) {
  const Format& format = format_of(of);
  dtype = format.dtype;
  eps = std::ldexp(1.0, -format.fraction_bits);
  max = std::ldexp(2.0 - eps, format.max_exponent);
  min = -max;
  smallest_normal = std::ldexp(1.0, format.min_exponent);
}

iinfo::iinfo(Dtype of) : dtype(of) {
  if (!issubdtype(of, integer)) refuse("iinfo", "an integer", of);
  const bool is_signed = issubdtype(of, signedinteger);
  max = UINT64_MAX >> (64 - 8 * of.size() + is_signed);
  min = is_signed ? -int64_t(max) - 1 : 0;
}

}  // namespace quern
