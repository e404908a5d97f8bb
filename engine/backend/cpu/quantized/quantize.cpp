#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/backend/cpu/quantized/affine.h"
#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/primitives/quantized.h"

namespace quern::cpu {

namespace {

using Arrays = std::vector<array>;

struct GroupParameters {
  float scale;
  float bias;
};

/// The range's edge of larger magnitude falls on a whole multiple of the scale, so that it is kept
/// exactly and, with it, a zero that the group may contain. The scale takes the sign that makes
/// this edge q = 0 or the far end.
GroupParameters fit_group(const float* w, int n, float levels) {
  float low = w[0], high = w[0];
  for (int i = 1; i < n; ++i) {
    low = std::min(low, w[i]);
    high = std::max(high, w[i]);
  }
  const bool low_edge = std::abs(low) > std::abs(high);
  float scale = std::max((high - low) / levels, 1e-7f);
  if (!low_edge) scale = -scale;
  const float edge = low_edge ? low : high;
  const float steps = std::nearbyint(edge / scale);
  if (steps == 0) return {scale, 0};
  return {edge / steps, edge};
}

/// Appends n elements of `bits` bits to the stream at `out`; n * bits is a multiple of 32.
void pack_group(const float* w, int n, GroupParameters p, int bits, char* out) {
  const float levels = float((1 << bits) - 1);
  uint64_t pending = 0;
  int filled = 0;
  for (int i = 0; i < n; ++i) {
    const float steps = (w[i] - p.bias) / p.scale;
    const float clipped = steps > 0 ? std::min(steps, levels) : 0;  // NaN becomes 0
    constexpr float to_integer =
        12582912;  // 1.5 * 2^23: adding it rounds to an integer, halves to even
    const float rounded = (clipped + to_integer) - to_integer;
    pending |= uint64_t(rounded) << filled;
    filled += bits;
    if (filled >= 32) {
      const auto word = uint32_t(pending);
      std::memcpy(out, &word, sizeof(word));
      out += sizeof(word);
      pending >>= 32;
      filled -= 32;
    }
  }
}

template <typename T>
void quantize_rows(const Quantization& q, const array& w, Arrays& out) {
  const auto groups = size_t(w.size()) / size_t(q.group_size);
  const size_t group_bytes = size_t(q.group_size * q.bits) / 8;
  const T* from = w.data<T>();
  char* packed = out[0].data<char>();
  T *scales = out[1].data<T>(), *biases = out[2].data<T>();
  parallel_for(groups, 256, [&](size_t begin, size_t end) {
    float values[128];
    for (size_t g = begin; g < end; ++g) {
      widen(from + g * size_t(q.group_size), values, size_t(q.group_size));
      const GroupParameters p = fit_group(values, q.group_size, float((1 << q.bits) - 1));
      pack_group(values, q.group_size, p, q.bits, packed + g * group_bytes);
      scales[g] = T(p.scale);
      biases[g] = T(p.bias);
    }
  });
}

void quantize(const Quantize& p, const Arrays& in, Arrays& out) {
  for (array& o : out) o.allocate();
  if (in[0].size() == 0) return;
  const array w = row_contiguous(in[0]);
  if (w.dtype() == float16) return quantize_rows<float16_t>(p.quantization, w, out);
  if (w.dtype() == bfloat16) return quantize_rows<bfloat16_t>(p.quantization, w, out);
  quantize_rows<float>(p.quantization, w, out);
}

template <typename T>
void dequantize_rows(const AffineMatrix& w, T* out) {
  constexpr int64_t block = 1024;
  const auto grain = size_t(std::max<int64_t>(1, (int64_t(1) << 15) / w.columns));
  parallel_for(size_t(w.rows), grain, [&](size_t begin, size_t end) {
    float values[block];
    for (auto row = int64_t(begin); row < int64_t(end); ++row) {
      for (int64_t column = 0; column < w.columns; column += block) {
        const int64_t count = std::min(block, w.columns - column);
        affine_decode_row(w, row, column, count, values);
        narrow(values, out + row * w.columns + column, size_t(count));
      }
    }
  });
}

void dequantize(const Dequantize& p, const Arrays& in, Arrays& out) {
  out[0].allocate();
  if (out[0].size() == 0) return;
  const array packed = row_contiguous(in[0]), scales = row_contiguous(in[1]),
              biases = row_contiguous(in[2]);
  const int64_t columns = out[0].shape(-1);
  const AffineMatrix w{packed.data<uint8_t>(),
                       scales.data<char>(),
                       biases.data<char>(),
                       scales.dtype(),
                       p.quantization.bits,
                       p.quantization.group_size,
                       int64_t(out[0].size()) / columns,
                       columns};
  if (out[0].dtype() == float16) return dequantize_rows(w, out[0].data<float16_t>());
  if (out[0].dtype() == bfloat16) return dequantize_rows(w, out[0].data<bfloat16_t>());
  dequantize_rows(w, out[0].data<float>());
}

}  // namespace

void register_quantize(KernelTable& table) {
  table.add<Quantize, quantize>();
  table.add<Dequantize, dequantize>();
}

}  // namespace quern::cpu
