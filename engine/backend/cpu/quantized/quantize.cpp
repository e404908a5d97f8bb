#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/quantized/small_floats.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/primitives/quantized.h"

namespace quern::cpu {

namespace {

constexpr int most_group_size = 128;

struct GroupParameters {
  float scale;
  float bias;
};

/// The range's edge of larger magnitude falls on a whole multiple of the scale, so that it is kept
/// exactly and, with it, a zero that the group may contain. The scale takes the sign that makes
/// this edge q = 0 or the far end.
GroupParameters fit_affine(const float* w, int n, float levels) {
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

/// The elements' codes: unsigned integers.
void encode_affine(const float* w, int n, GroupParameters p, float levels, uint8_t* codes) {
  for (int i = 0; i < n; ++i) {
    const float steps = (w[i] - p.bias) / p.scale;
    const float clipped = steps > 0 ? std::min(steps, levels) : 0;  // NaN becomes 0
    constexpr float to_integer =
        12582912;  // 1.5 * 2^23: adding it rounds to an integer, halves to even
    codes[i] = uint8_t((clipped + to_integer) - to_integer);
  }
}

/// A group's scale that is stored as a byte, and what it means.
struct ByteScale {
  uint8_t code;
  float value;
};

/// The largest magnitude falls on the largest code, or as near to it as the scale allows. `unit` is
/// what a scale of 1 stands for.
ByteScale fit_byte_scale(const Quantization& q, const float* w, float unit) {
  float largest = 0;
  for (int i = 0; i < q.group_size; ++i) largest = std::max(largest, std::abs(w[i]));
  const float scale = largest / (q.bits == 4 ? 6.0f : 448.0f);
  if (q.mode == QuantizationMode::nvfp4) {
    const uint8_t code = to_e4m3(scale / unit);
    return {code, from_e4m3(code) * unit};
  }
  const uint8_t code = to_e8m0(scale);
  return {code, from_e8m0(code)};
}

/// The elements' codes: small floats.
void encode_floats(const Quantization& q, const float* w, float scale, uint8_t* codes) {
  float scaled[most_group_size];
  for (int i = 0; i < q.group_size; ++i) scaled[i] = scale == 0 ? 0 : w[i] / scale;
  if (q.bits == 4) {
    for (int i = 0; i < q.group_size; ++i) codes[i] = to_e2m1(scaled[i]);
  } else {
    for (int i = 0; i < q.group_size; ++i) codes[i] = to_e4m3(scaled[i]);
  }
}

/// Writes n codes of `bits` bits as a stream, lowest bits first; n * bits is a multiple of 16.
void pack(const uint8_t* codes, int n, int bits, uint8_t* out) {
  uint64_t pending = 0;
  int filled = 0;
  for (int i = 0; i < n; ++i) {
    pending |= uint64_t(codes[i]) << filled;
    filled += bits;
    if (filled >= 32) {
      const auto word = uint32_t(pending);
      std::memcpy(out, &word, sizeof(word));
      out += sizeof(word);
      pending >>= 32;
      filled -= 32;
    }
  }
  if (filled > 0) std::memcpy(out, &pending, size_t(filled) / 8);
}

/// f(group, values) for every group of w, its values as float32.
template <typename F>
void for_each_group(const array& w, int group_size, F&& f) {
  const array dense = row_contiguous(w);
  const auto n = size_t(group_size);
  parallel_for(dense.size() / n, 256, [&](size_t begin, size_t end) {
    float values[most_group_size];
    for (size_t g = begin; g < end; ++g) {
      if (dense.dtype() == float16)
        widen(dense.data<float16_t>() + g * n, values, n);
      else if (dense.dtype() == bfloat16)
        widen(dense.data<bfloat16_t>() + g * n, values, n);
      else
        widen(dense.data<float>() + g * n, values, n);
      f(g, values);
    }
  });
}

template <typename T>
void quantize_affine(const Quantization& q, const array& w, Arrays& out) {
  const size_t group_bytes = size_t(q.group_size * q.bits) / 8;
  const float levels = float((1 << q.bits) - 1);
  auto* packed = out[0].data<uint8_t>();
  T *scales = out[1].data<T>(), *biases = out[2].data<T>();
  for_each_group(w, q.group_size, [&](size_t g, const float* values) {
    uint8_t codes[most_group_size];
    const GroupParameters p = fit_affine(values, q.group_size, levels);
    encode_affine(values, q.group_size, p, levels, codes);
    pack(codes, q.group_size, q.bits, packed + g * group_bytes);
    scales[g] = T(p.scale);
    biases[g] = T(p.bias);
  });
}

/// What a group's scale of 1 stands for.
float scale_unit(const Arrays& in) {
  return in.size() < 2 ? 1.0f : *in[1].data<float>() / global_scale_range;
}

void quantize_floats(const Quantization& q, const Arrays& in, Arrays& out) {
  const size_t group_bytes = size_t(q.group_size * q.bits) / 8;
  const float unit = scale_unit(in);
  auto *packed = out[0].data<uint8_t>(), *scales = out[1].data<uint8_t>();
  for_each_group(in[0], q.group_size, [&](size_t g, const float* values) {
    uint8_t codes[most_group_size];
    const ByteScale scale = fit_byte_scale(q, values, unit);
    encode_floats(q, values, scale.value, codes);
    pack(codes, q.group_size, q.bits, packed + g * group_bytes);
    scales[g] = scale.code;
  });
}

void quantize(const Quantize& p, const Arrays& in, Arrays& out) {
  for (array& o : out) o.allocate();
  if (in[0].size() == 0) return;
  const Quantization& q = p.quantization;
  if (!q.has_biases()) return quantize_floats(q, in, out);
  if (in[0].dtype() == float16) return quantize_affine<float16_t>(q, in[0], out);
  if (in[0].dtype() == bfloat16) return quantize_affine<bfloat16_t>(q, in[0], out);
  quantize_affine<float>(q, in[0], out);
}

/// Only of small floats: nobody quantizes activations to integers.
void round_trip(const QuantizeRoundTrip& p, const Arrays& in, Arrays& out) {
  out[0].allocate();
  const Quantization& q = p.quantization;
  const float unit = scale_unit(in);
  float* to = out[0].data<float>();
  for_each_group(in[0], q.group_size, [&](size_t g, const float* values) {
    uint8_t codes[most_group_size];
    const ByteScale scale = fit_byte_scale(q, values, unit);
    encode_floats(q, values, scale.value, codes);
    float* group = to + g * size_t(q.group_size);
    for (int i = 0; i < q.group_size; ++i) {
      group[i] = (q.bits == 4 ? from_e2m1(codes[i]) : from_e4m3(codes[i])) * scale.value;
    }
  });
}

}  // namespace

void register_quantize(KernelTable& table) {
  table.add<Quantize, quantize>();
  table.add<QuantizeRoundTrip, round_trip>();
}

}  // namespace quern::cpu
