#include "models/weights/weight_matrix.h"

#include <utility>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/indexing.h"
#include "engine/ops/matmul.h"
#include "engine/ops/quantized.h"
#include "engine/ops/shape.h"

namespace quern::models {

WeightMatrix::WeightMatrix(WeightReader& reader, AdaptableModule module, std::optional<Dtype> dtype)
    : stored_(StoredWeight::load(reader, module.path, module.shape, dtype)),
      float_dtype_(dtype.value_or(reader.float_dtype())),
      updates_(reader.updates(module, stored_)) {}

WeightMatrix WeightMatrix::load(WeightReader& reader, const std::string& path, int out, int in,
                                std::optional<Dtype> dtype) {
  return {reader, {AdaptableModule::Kind::linear, path, {out, in}}, dtype};
}

WeightMatrix WeightMatrix::load_table(WeightReader& reader, const std::string& path, int rows,
                                      int dims) {
  return {reader, {AdaptableModule::Kind::embedding, path, {rows, dims}}, std::nullopt};
}

array WeightMatrix::project(const array& x) const {
  const array product = stored_.product(x, true);
  return updates_.empty() ? product : updated_product(updates_, stored_, x, product);
}

array WeightMatrix::project(const array& x, const array& bias) const {
  if (stored_.quantization || !updates_.empty()) return add(project(x), bias);
  return addmm(bias, x, swapaxes(stored_.weight, -1, -2));
}

std::vector<array> WeightMatrix::project_all(const array& x,
                                             const std::vector<Projection>& projections) {
  std::vector<const StoredWeight*> weights;
  for (const Projection& p : projections) weights.push_back(&p.matrix->stored_);
  std::vector<array> results;
  if (!StoredWeight::have_products(weights)) {
    for (const auto& [matrix, bias] : projections)
      results.push_back(bias ? matrix->project(x, *bias) : matrix->project(x));
    return results;
  }
  results = StoredWeight::products(x, weights);
  for (size_t i = 0; i < results.size(); ++i) {
    const auto& [matrix, bias] = projections[i];
    if (!matrix->updates_.empty())
      results[i] = updated_product(matrix->updates_, matrix->stored_, x, results[i]);
    if (bias) results[i] = add(results[i], *bias);
  }
  return results;
}

array WeightMatrix::rows(const array& indices) const {
  const array rows = base_rows(indices);
  return updates_.empty() ? rows : updated_rows(updates_, stored_, indices, rows);
}

array WeightMatrix::base_rows(const array& indices) const {
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
