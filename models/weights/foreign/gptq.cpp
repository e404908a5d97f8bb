#include <fmt/format.h>

#include "engine/ops/cast.h"
#include "models/weights/foreign/foreign.h"
#include "models/weights/foreign/repack.h"

namespace quern::models {

namespace {

/// Element i of a stream of `bits`-bit integers, lowest bits first, in words that lie `stride`
/// apart.
uint32_t element(const uint32_t* words, int64_t stride, int64_t i, int bits) {
  const int64_t word = i * bits / 32, shift = i * bits % 32;
  uint64_t pair = words[word * stride];
  if (shift + bits > 32) pair |= uint64_t(words[(word + 1) * stride]) << 32;
  return uint32_t(pair >> shift) & ((1u << bits) - 1);
}

/// Whether every input belongs to the group that its place says.
bool is_in_order(array groups, int group_size) {
  groups.eval();
  const auto* group = groups.data<int32_t>();
  for (int i = 0; i < int(groups.size()); ++i) {
    if (group[i] != i / group_size) return false;
  }
  return true;
}

}  // namespace

void read_gptq(const ConfigReader& settings, QuantizationConfig& quantization, Weights& weights) {
  const int bits = settings.integer("bits", {2, 8}, 4);
  if (bits != 2 && bits != 3 && bits != 4 && bits != 8) {
    settings.fail("bits", fmt::format("is {}; of GPTQ 2, 3, 4 and 8 bits can be read", bits));
  }
  // The first version of the format keeps zero points less 1.
  const bool second = settings.text("checkpoint_format", "gptq") == "gptq_v2";
  const uint32_t added = second ? 0 : 1, mask = (1u << bits) - 1;
  for (const std::string& path : modules_with(weights, "qweight")) {
    const array packed = take_part(weights, path, "qweight", 2);
    const array zeros = take_part(weights, path, "qzeros", 2);
    const array scales = take_part(weights, path, "scales", 2);
    const int out = packed.shape(1), in = int(int64_t(packed.shape(0)) * 32 / bits);
    const int groups = scales.shape(0);
    require_shape(path, "scales", scales, {groups, out});
    require_shape(path, "qzeros", zeros, {groups, int(int64_t(out) * bits / 32)});
    if (groups == 0 || in % groups != 0 || int64_t(packed.shape(0)) * 32 % bits != 0 ||
        int64_t(out) * bits % 32 != 0) {
      fail_module(path, fmt::format("has {} rows of {} in {} groups", out, in, groups));
    }
    const int group_size = in / groups;
    if (const auto order = find_part(weights, path, "g_idx")) {
      require_shape(path, "g_idx", *order, {in});
      if (!is_in_order(astype(*order, int32), group_size)) {
        fail_module(path,
                    "was quantized with its inputs reordered (desc_act): neighbours do not share a "
                    "scale, which the layout to compute with needs");
      }
    }
    const auto read_rows = [bits](const Arrays& inputs, int first, int count, uint8_t* codes) {
      const int64_t stride = inputs[0].shape(1), length = inputs[0].shape(0) * int64_t(32) / bits;
      const auto* words = inputs[0].data<uint32_t>();
      for (int64_t k = 0; k < length; ++k) {
        for (int64_t i = 0; i < count; ++i)
          codes[i * length + k] = uint8_t(element(words + first + i, stride, k, bits));
      }
    };
    const auto read_group = [bits, added, mask](const Arrays& inputs, int row, int group) {
      const uint32_t* words = inputs[1].data<uint32_t>() + int64_t(group) * inputs[1].shape(1);
      const float scale = inputs[2].data<float>()[int64_t(group) * inputs[2].shape(1) + row];
      return std::pair(scale, float((element(words, 1, row, bits) + added) & mask));
    };
    set_affine({path,
                out,
                in,
                bits,
                group_size,
                {as_words(packed), as_words(zeros), astype(scales, float32)},
                read_rows,
                read_group},
               quantization, weights);
  }
}

}  // namespace quern::models
