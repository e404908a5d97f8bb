#include "models/weights/weight_matrix.h"

#include <fmt/format.h>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/indexing.h"
#include "engine/ops/matmul.h"
#include "engine/ops/quantized.h"
#include "engine/ops/shape.h"
#include "engine/primitives/quantized.h"
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
    matrix.scales_ = reader.take_parameters(path + ".scales", groups);
    matrix.biases_ = reader.take_parameters(path + ".biases", groups);
  } else {
    matrix.scales_ = reader.take_as(uint8, path + ".scales", groups);
    if (reader.has(path + ".global_scale")) {
      matrix.factor_ =
          divide(reader.take_as(float32, path + ".global_scale", {}), array(global_scale_range));
    }
  }
  return matrix;
}

array WeightMatrix::project(const array& x) const {
  if (!quantization_) return matmul(x, transposed_);
  const auto product = [&](const array& rows) {
    return quantized_matmul(rows, weight_, *scales_, biases_, true, quantization_->group_size,
                            quantization_->bits, quantization_->mode);
  };
  // Without its factor a product may lie outside the range of halves.
  if (factor_) return astype(multiply(product(astype(x, float32)), *factor_), x.dtype());
  return astype(product(x), x.dtype());
}

array WeightMatrix::project(const array& x, const array& bias) const {
  return quantization_ ? add(project(x), bias) : addmm(bias, x, transposed_);
}

array WeightMatrix::rows(const array& indices) const {
  if (!quantization_) return take(weight_, indices, 0);
  const auto chosen = [&](const std::optional<array>& from) {
    return from ? std::optional(take(*from, indices, 0)) : std::nullopt;
  };
  const array rows = dequantize(take(weight_, indices, 0), *chosen(scales_), chosen(biases_),
                                quantization_->group_size, quantization_->bits, quantization_->mode,
                                std::nullopt, factor_ ? float32 : float_dtype_);
  return factor_ ? astype(multiply(rows, *factor_), float_dtype_) : rows;
}

}  // namespace quern::models
