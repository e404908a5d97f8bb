#include "models/weights/weight_matrix.h"

#include <fmt/format.h>

#include "engine/ops/arithmetic.h"
#include "engine/ops/indexing.h"
#include "engine/ops/matmul.h"
#include "engine/ops/quantized.h"
#include "engine/ops/shape.h"
#include "models/error.h"

namespace quern::models {

WeightMatrix WeightMatrix::load(WeightReader& reader, const std::string& path, int out, int in) {
  const auto quantization = reader.quantization(path);
  if (!quantization) {
    const array weight = reader.take(path + ".weight", {out, in});
    return WeightMatrix(weight, transpose(weight));
  }
  const int group_size = quantization->group_size;
  if (in % group_size != 0) {
    throw ModelError(
        fmt::format("[weights] {} has rows of {}, which its group_size {} does not divide", path,
                    in, group_size),
        "config.json does not belong to these weights: download the model again.");
  }
  const array packed =
      reader.take_as(uint32, path + ".weight", {out, int(int64_t(in) * quantization->bits / 32)});
  WeightMatrix matrix(packed, packed);
  matrix.quantization_ = quantization;
  matrix.float_dtype_ = reader.float_dtype();
  const Shape groups = {out, in / group_size};
  if (quantization->mode == "affine") {
    matrix.scales_ = reader.take(path + ".scales", groups);
    matrix.biases_ = reader.take(path + ".biases", groups);
  } else {
    matrix.scales_ = reader.take_as(uint8, path + ".scales", groups);
  }
  return matrix;
}

array WeightMatrix::project(const array& x) const {
  if (!quantization_) return matmul(x, transposed_);
  return quantized_matmul(x, weight_, *scales_, biases_, true, quantization_->group_size,
                          quantization_->bits, quantization_->mode);
}

array WeightMatrix::project(const array& x, const array& bias) const {
  return quantization_ ? add(project(x), bias) : addmm(bias, x, transposed_);
}

array WeightMatrix::rows(const array& indices) const {
  if (!quantization_) return take(weight_, indices, 0);
  const auto chosen = [&](const std::optional<array>& from) {
    return from ? std::optional(take(*from, indices, 0)) : std::nullopt;
  };
  return dequantize(take(weight_, indices, 0), *chosen(scales_), chosen(biases_),
                    quantization_->group_size, quantization_->bits, quantization_->mode,
                    std::nullopt, float_dtype_);
}

}  // namespace quern::models
