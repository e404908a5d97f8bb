#include <fmt/format.h>

#include "engine/ops/cast.h"
#include "models/weights/foreign/foreign.h"
#include "models/weights/foreign/repack.h"

namespace quern::models {

void read_bitnet(const ConfigReader& settings, QuantizationConfig& quantization, Weights& weights) {
  // "bitlinear" layers divide by what "autobitlinear" ones multiply with.
  const bool inverse = settings.text("linear_class", "bitlinear") == "bitlinear";
  if (!inverse && settings.text("quantization_mode", "offline") == "online") return;
  for (const std::string& path : modules_with(weights, "weight_scale")) {
    const array scale = astype(*find_part(weights, path, "weight_scale"), float32);
    const array packed = take_part(weights, path, "weight", 2);
    if (packed.dtype() != uint8 || scale.size() != 1) {
      fail_module(path,
                  fmt::format("is {} with a weight_scale of {} numbers, not packed bytes with one",
                              dtype_name(packed.dtype()), scale.size()));
    }
    const int quarter = packed.shape(0), in = packed.shape(1);
    if (quarter > (1 << 24)) fail_module(path, fmt::format("has {} rows of bytes", quarter));
    // Byte r of a column holds rows r, r + quarter, ...
    const auto read_rows = [](const Arrays& inputs, int first, int count, uint8_t* codes) {
      const int64_t rows = inputs[0].shape(0), length = inputs[0].shape(1);
      for (int64_t row = first; row < first + count; ++row) {
        const auto* bytes = inputs[0].data<uint8_t>() + row % rows * length;
        const auto shift = int(row / rows * 2);
        for (int64_t k = 0; k < length; ++k) *codes++ = uint8_t(bytes[k] >> shift & 3);
      }
    };
    const auto read_group = [inverse](const Arrays& inputs, int, int) {
      const float given = *inputs[1].data<float>();
      return std::pair(inverse ? 1 / given : given, 1.0f);
    };
    set_affine({path, 4 * quarter, in, 2, in, {packed, scale}, read_rows, read_group}, quantization,
               weights);
  }
}

}  // namespace quern::models
