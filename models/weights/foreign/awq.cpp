#include <fmt/format.h>

#include <array>

#include "engine/ops/cast.h"
#include "models/weights/foreign/foreign.h"
#include "models/weights/foreign/repack.h"

namespace quern::models {

namespace {

/// Where in a word of eight columns the nibble of each column is.
constexpr std::array<int, 8> nibble_of_column = {0, 4, 1, 5, 2, 6, 3, 7};

int nibble(const array& words, int64_t row, int column) {
  const int64_t at = row * words.shape(1) + column / 8;
  return int(words.data<uint32_t>()[at] >> (4 * nibble_of_column[size_t(column % 8)]) & 15);
}

/// inputs: qweight [in, out / 8], qzeros [in / group, out / 8], scales [in / group, out].
void read_rows(const Arrays& inputs, int first, int count, uint8_t* codes) {
  const int in = inputs[0].shape(0);
  for (int k = 0; k < in; ++k) {
    for (int i = 0; i < count; ++i)
      codes[int64_t(i) * in + k] = uint8_t(nibble(inputs[0], k, first + i));
  }
}

std::pair<float, float> read_group(const Arrays& inputs, int row, int group) {
  const array& scales = inputs[2];
  return {scales.data<float>()[int64_t(group) * scales.shape(1) + row],
          float(nibble(inputs[1], group, row))};
}

}  // namespace

void read_awq(const ConfigReader& settings, QuantizationConfig& quantization, Weights& weights) {
  const char* bits_key = settings.has("w_bit") ? "w_bit" : "bits";
  if (const int bits = settings.integer(bits_key, {}, 4); bits != 4) {
    settings.fail(bits_key, fmt::format("is {}; of AWQ only 4 bits can be read", bits));
  }
  if (const std::string version = settings.text("version", "gemm");
      version != "gemm" && version != "GEMM") {
    settings.fail("version", fmt::format("is \"{}\"; of AWQ only \"gemm\" can be read", version));
  }
  for (const std::string& path : modules_with(weights, "qweight")) {
    const array packed = take_part(weights, path, "qweight", 2);
    const array zeros = take_part(weights, path, "qzeros", 2);
    const array scales = take_part(weights, path, "scales", 2);
    const int in = packed.shape(0), out = scales.shape(1), groups = scales.shape(0);
    require_shape(path, "qweight", packed, {in, out / 8});
    require_shape(path, "qzeros", zeros, {groups, out / 8});
    if (out % 8 != 0 || groups == 0 || in % groups != 0) {
      fail_module(path, fmt::format("has {} rows of {} in {} groups", out, in, groups));
    }
    set_affine({path,
                out,
                in,
                4,
                in / groups,
                {as_words(packed), as_words(zeros), astype(scales, float32)},
                read_rows,
                read_group},
               quantization, weights);
  }
}

}  // namespace quern::models
