#include <fmt/format.h>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/quantized.h"
#include "engine/ops/shape.h"
#include "engine/primitives/quantized.h"
#include "models/weights/foreign/foreign.h"
#include "models/weights/foreign/repack.h"

namespace quern::models {

namespace {

/// Rows of a scale tensor that is [out, groups], [out] or of one number.
array scale_rows(const std::string& path, const array& scale, int out) {
  const array wide = astype(scale, float32);
  if (wide.size() == 1) return broadcast_to(reshape(wide, {1, 1}), {out, 1});
  if (wide.ndim() == 1) return reshape(wide, {wide.shape(0), 1});
  if (wide.ndim() != 2 || wide.shape(0) != out || wide.shape(1) == 0) {
    fail_module(path, fmt::format("has {} rows, but a weight_scale of shape {}", out,
                                  to_string(scale.shape())));
  }
  return wide;
}

/// 4 or 8 bits, offset by half their range, packed along the rows as ours are.
void read_packed(const std::string& path, int bits, QuantizationConfig& quantization,
                 Weights& weights) {
  const array packed = take_part(weights, path, "weight_packed", 2);
  find_part(weights, path, "weight_shape");
  if (find_part(weights, path, "weight_g_idx")) {
    fail_module(path,
                "was quantized with its inputs reordered (actorder): neighbours do not share "
                "a scale, which the layout to compute with needs");
  }
  const int out = packed.shape(0), in = int(int64_t(packed.shape(1)) * 32 / bits);
  const array scales = scale_rows(path, take_part(weights, path, "weight_scale", 2), out);
  const int groups = scales.shape(1);
  if (in % groups != 0) fail_module(path, fmt::format("has rows of {} in {} groups", in, groups));
  Arrays inputs = {scales};
  const float middle = float(1 << (bits - 1));
  if (const auto zeros = find_part(weights, path, "weight_zero_point")) {
    require_shape(path, "weight_zero_point", *zeros, {(out * bits + 31) / 32, groups});
    inputs.push_back(as_words(*zeros));
  }
  const auto read_group = [bits, middle](const Arrays& in, int row, int group) {
    const int64_t groups = in[0].shape(1);
    const float scale = in[0].data<float>()[row * groups + group];
    if (in.size() == 1) return std::pair(scale, middle);
    // Packed down the columns.
    const int per_word = 32 / bits;
    const uint32_t word = in[1].data<uint32_t>()[row / per_word * groups + group];
    return std::pair(scale, float(word >> (row % per_word * bits) & ((1u << bits) - 1)));
  };
  set_affine_packed(as_words(packed), {path, out, in, bits, in / groups, inputs, {}, read_group},
                    quantization, weights);
}

/// A byte for each weight, signed.
void read_int8(const std::string& path, QuantizationConfig& quantization, Weights& weights) {
  const array weight = take_part(weights, path, "weight", 2);
  const int out = weight.shape(0), in = weight.shape(1);
  const array scales = scale_rows(path, *find_part(weights, path, "weight_scale"), out);
  if (find_part(weights, path, "weight_zero_point"))
    fail_module(path, "has bytes with zero points, which cannot be read");
  const int groups = scales.shape(1);
  if (in == 0 || in % groups != 0)
    fail_module(path, fmt::format("has rows of {} in {} groups", in, groups));
  const auto read_rows = [](const Arrays& inputs, int first, int count, uint8_t* codes) {
    const int64_t length = inputs[0].shape(1);
    const auto* from = inputs[0].data<uint8_t>() + first * length;
    for (int64_t i = 0; i < count * length; ++i) codes[i] = from[i] ^ 0x80;
  };
  const auto read_group = [](const Arrays& inputs, int row, int group) {
    return std::pair(inputs[1].data<float>()[int64_t(row) * inputs[1].shape(1) + group], 128.0f);
  };
  set_affine({path, out, in, 8, in / groups, {weight, scales}, read_rows, read_group}, quantization,
             weights);
}

/// The codes and scales are ours as they are; the scale of the whole, which divides here, stands
/// beside them as MLX's does.
void read_nvfp4(const std::string& path, QuantizationConfig& quantization, Weights& weights) {
  const array packed = take_part(weights, path, "weight_packed", 2);
  const array scales = take_part(weights, path, "weight_scale", 2);
  const array global = astype(take_part(weights, path, "weight_global_scale", 1), float32);
  find_part(weights, path, "input_global_scale");
  const int out = packed.shape(0), in = 2 * packed.shape(1);
  if (packed.dtype() != uint8 || scales.dtype() != uint8 || global.size() != 1 || in % 16 != 0 ||
      scales.shape() != Shape{out, in / 16}) {
    fail_module(path,
                fmt::format("has bytes of shape {} with scales of shape {}, which is not nvfp4",
                            to_string(packed.shape()), to_string(scales.shape())));
  }
  weights.insert_or_assign(path + ".weight", as_words(packed));
  weights.insert_or_assign(path + ".scales", scales);
  weights.insert_or_assign(path + ".global_scale",
                           divide(array(global_scale_range), reshape(global, {})));
  set_quantization(path, {16, 4, "nvfp4"}, quantization);
}

}  // namespace

void read_compressed_tensors(const ConfigReader& settings, QuantizationConfig& quantization,
                             Weights& weights) {
  for (const std::string& path : modules_with(weights, "weight_packed")) {
    if (weights.contains(path + ".weight_global_scale")) {
      read_nvfp4(path, quantization, weights);
      continue;
    }
    const array& packed = weights.at(path + ".weight_packed");
    const auto shape = weights.find(path + ".weight_shape");
    if (packed.dtype() != int32 || packed.ndim() != 2 || packed.shape(1) == 0 ||
        shape == weights.end() || shape->second.size() != 2) {
      fail_module(path, fmt::format("is packed in a way that cannot be read (format \"{}\")",
                                    settings.text("format", "")));
    }
    array lengths = astype(shape->second, int64);
    lengths.eval();
    const int64_t in = lengths.data<int64_t>()[1];
    const int64_t bits = in > 0 ? int64_t(packed.shape(1)) * 32 / in : 0;
    if ((bits != 4 && bits != 8) || int64_t(packed.shape(1)) * 32 != in * bits) {
      fail_module(path, fmt::format("holds {} words for rows of {}; 4 and 8 bits can be read",
                                    packed.shape(1), in));
    }
    read_packed(path, int(bits), quantization, weights);
  }
  for (const std::string& path : modules_with(weights, "weight_scale")) {
    const auto weight = weights.find(path + ".weight");
    if (weight != weights.end() && weight->second.dtype() == int8)
      read_int8(path, quantization, weights);
  }
}

}  // namespace quern::models
