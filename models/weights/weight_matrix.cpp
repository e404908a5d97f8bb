#include "models/weights/weight_matrix.h"

#include <utility>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/indexing.h"
#include "engine/ops/matmul.h"
#include "engine/ops/quantized.h"
#include "engine/ops/shape.h"

namespace quern::models {

WeightMatrix::WeightMatrix(StoredWeight stored, Dtype float_dtype)
    : stored_(std::move(stored)),
      transposed_(stored_.quantization ? stored_.weight : swapaxes(stored_.weight, -1, -2)),
      float_dtype_(float_dtype) {}

WeightMatrix WeightMatrix::load(WeightReader& reader, const std::string& path, const Shape& shape,
                                std::optional<Dtype> dtype) {
  return {StoredWeight::load(reader, path, shape, dtype), dtype.value_or(reader.float_dtype())};
}

WeightMatrix WeightMatrix::rows_of_heads(int num_heads, int begin, int end) const {
  const auto part = [&](const array& whole) {
    const array heads = unflatten(whole, 0, {num_heads, whole.shape(0) / num_heads});
    return contiguous(slice(heads, {0, begin, 0}, {num_heads, end, whole.shape(1)}));
  };
  StoredWeight rows = stored_;
  rows.weight = part(rows.weight);
  if (rows.scales) rows.scales = part(*rows.scales);
  if (rows.biases) rows.biases = part(*rows.biases);
  return {std::move(rows), float_dtype_};
}

array WeightMatrix::multiplied(const array& x, bool transpose) const {
  const auto& quantization = stored_.quantization;
  if (!quantization) return matmul(x, transpose ? transposed_ : stored_.weight);
  // Without its factor a product may lie outside the range of halves.
  const array product = quantized_matmul(
      stored_.factor ? astype(x, float32) : x, stored_.weight, *stored_.scales, stored_.biases,
      transpose, quantization->group_size, quantization->bits, quantization->mode);
  return astype(stored_.factor ? multiply(product, *stored_.factor) : product, x.dtype());
}

array WeightMatrix::project(const array& x) const { return multiplied(x, true); }

array WeightMatrix::project_back(const array& x) const { return multiplied(x, false); }

array WeightMatrix::project(const array& x, const array& bias) const {
  return stored_.quantization ? add(project(x), bias) : addmm(bias, x, transposed_);
}

array WeightMatrix::rows(const array& indices) const {
  const auto& quantization = stored_.quantization;
  if (!quantization) return take(stored_.weight, indices, 0);
  const auto chosen = [&](const std::optional<array>& from) {
    return from ? std::optional(take(*from, indices, 0)) : std::nullopt;
  };
  const array rows =
      dequantize(take(stored_.weight, indices, 0), *chosen(stored_.scales), chosen(stored_.biases),
                 quantization->group_size, quantization->bits, quantization->mode, std::nullopt,
                 stored_.factor ? float32 : float_dtype_);
  return stored_.factor ? astype(multiply(rows, *stored_.factor), float_dtype_) : rows;
}

}  // namespace quern::models
