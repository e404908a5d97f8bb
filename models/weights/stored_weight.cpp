#include "models/weights/stored_weight.h"

#include <fmt/format.h>

#include "engine/ops/shape.h"
#include "models/error.h"

namespace quern::models {

StoredWeight StoredWeight::load(WeightReader& reader, const std::string& path, const Shape& shape,
                                std::optional<Dtype> dtype) {
  const auto quantization = reader.quantization(path);
  if (!quantization) return {.weight = reader.take(path + ".weight", shape, dtype)};
  const int in = shape.back(), group_size = quantization->group_size;
  if (in % group_size != 0) {
    throw ModelError(
        fmt::format("[weights] {} has rows of {}, which its group_size {} does not divide", path,
                    in, group_size),
        "config.json does not belong to these weights: download the model again.");
  }
  Shape packed = shape, groups = shape;
  packed.back() = int(int64_t(in) * quantization->bits / 32);
  groups.back() = in / group_size;
  // Rules may leave views; the kernels read packed weights row by row.
  StoredWeight stored{.weight = contiguous(reader.take_as(uint32, path + ".weight", packed)),
                      .quantization = quantization};
  if (quantization->mode == "affine") {
    stored.scales = contiguous(reader.take(path + ".scales", groups, dtype));
    stored.biases = contiguous(reader.take(path + ".biases", groups, dtype));
  } else {
    stored.scales = contiguous(reader.take_as(uint8, path + ".scales", groups));
  }
  return stored;
}

}  // namespace quern::models
