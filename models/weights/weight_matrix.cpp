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
    : stored_(std::move(stored)), float_dtype_(float_dtype) {}

WeightMatrix WeightMatrix::load(WeightReader& reader, const std::string& path, int out, int in,
                                std::optional<Dtype> dtype) {
  return {StoredWeight::load(reader, path, {out, in}, dtype), dtype.value_or(reader.float_dtype())};
}

array WeightMatrix::project(const array& x) const { return stored_.product(x, true); }

array WeightMatrix::project(const array& x, const array& bias) const {
  return stored_.quantization ? add(project(x), bias)
                              : addmm(bias, x, swapaxes(stored_.weight, -1, -2));
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
