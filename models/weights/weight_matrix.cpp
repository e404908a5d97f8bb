#include "models/weights/weight_matrix.h"

#include <fmt/format.h>

#include "engine/ops/arithmetic.h"
#include "engine/ops/indexing.h"
#include "engine/ops/matmul.h"
#include "engine/ops/quantized.h"
#include "engine/ops/shape.h"
#include "models/error.h"

namespace quern::models {

WeightMatrix WeightMatrix::load(WeightReader& reader, const std::string& path, Shape shape) {
  const auto quantization = reader.quantization(path);
  if (!quantization) {
    const array weight = reader.take(path + ".weight", shape);
    return WeightMatrix(weight, swapaxes(weight, -1, -2));
  }
  const int in = shape.back(), group_size = quantization->group_size;
  if (in % group_size != 0) {
    throw ModelError(
        fmt::format("[weights] {} has rows of {}, which its group_size {} does not divide", path,
                    in, group_size),
        "config.json does not belong to these weights: download the model again.");
  }
  shape.back() = int(int64_t(in) * quantization->bits / 32);
  const array packed = reader.take_as(uint32, path + ".weight", shape);
  WeightMatrix matrix(packed, packed);
  matrix.quantization_ = quantization;
  matrix.float_dtype_ = reader.float_dtype();
  shape.back() = in / group_size;
  if (quantization->mode == "affine") {
    matrix.scales_ = reader.take(path + ".scales", shape);
    matrix.biases_ = reader.take(path + ".biases", shape);
  } else {
    matrix.scales_ = reader.take_as(uint8, path + ".scales", shape);
  }
  return matrix;
}

WeightMatrix WeightMatrix::rows_of_heads(int num_heads, int begin, int end) const {
  const auto part = [&](const array& whole) {
    const array heads = unflatten(whole, 0, {num_heads, whole.shape(0) / num_heads});
    return contiguous(slice(heads, {0, begin, 0}, {num_heads, end, whole.shape(1)}));
  };
  WeightMatrix rows = *this;
  rows.weight_ = part(weight_);
  rows.transposed_ = quantization_ ? rows.weight_ : swapaxes(rows.weight_, -1, -2);
  if (scales_) rows.scales_ = part(*scales_);
  if (biases_) rows.biases_ = part(*biases_);
  return rows;
}

array WeightMatrix::multiplied(const array& x, bool transpose) const {
  if (!quantization_) return matmul(x, transpose ? transposed_ : weight_);
  return quantized_matmul(x, weight_, *scales_, biases_, transpose, quantization_->group_size,
                          quantization_->bits, quantization_->mode);
}

array WeightMatrix::project(const array& x) const { return multiplied(x, true); }

array WeightMatrix::project_back(const array& x) const { return multiplied(x, false); }

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
