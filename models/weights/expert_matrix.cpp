#include "models/weights/expert_matrix.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/fast.h"
#include "engine/ops/indexed_matmul.h"
#include "engine/ops/indexing.h"
#include "engine/ops/quantized.h"
#include "engine/ops/shape.h"

namespace quern::models {

ExpertMatrix::ExpertMatrix(WeightReader& reader, const std::string& path, int experts, int out,
                           int in, bool bias)
    : stored_(StoredWeight::load(reader, path, {experts, out, in})),
      transposed_(stored_.quantization ? stored_.weight : swapaxes(stored_.weight, 1, 2)),
      updates_(
          reader.updates({AdaptableModule::Kind::experts, path, {experts, out, in}}, stored_)) {
  if (bias) bias_ = reader.take(path + ".bias", {experts, out});
}

array ExpertMatrix::project(const array& x, const array& experts,
                            const std::optional<array>& rows) const {
  const auto& quantization = stored_.quantization;
  // The kernels bring the rows of each expert together themselves.
  const auto multiplied = [&](const array& input) {
    if (!quantization) return gather_mm(input, transposed_, rows, experts);
    const auto multiply_by = stored_.rounds_activations ? fast::gather_qmm : gather_qmm;
    return multiply_by(input, stored_.weight, *stored_.scales, stored_.biases, rows, experts, true,
                       quantization->group_size, quantization->bits, quantization->mode, false, {});
  };
  array product = squeeze(multiplied(expand_dims(stored_.factor ? astype(x, float32) : x, 1)), 1);
  if (stored_.factor) product = multiply(product, *stored_.factor);
  product = astype(product, x.dtype());
  if (!updates_.empty())
    product = updated_expert_product(updates_, stored_, x, experts, rows, product);
  return bias_ ? add(product, take(*bias_, experts, 0)) : product;
}

}  // namespace quern::models
