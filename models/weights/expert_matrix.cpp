#include "models/weights/expert_matrix.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/indexed_matmul.h"
#include "engine/ops/indexing.h"
#include "engine/ops/quantized.h"
#include "engine/ops/shape.h"

namespace quern::models {

ExpertMatrix::ExpertMatrix(WeightReader& reader, const std::string& path, int experts, int out,
                           int in, bool bias)
    : stored_(StoredWeight::load(reader, path, {experts, out, in})),
      transposed_(stored_.quantization ? stored_.weight : swapaxes(stored_.weight, 1, 2)) {
  if (bias) bias_ = reader.take(path + ".bias", {experts, out});
}

array ExpertMatrix::project(const array& x, const array& experts,
                            const std::optional<array>& rows) const {
  const array input = expand_dims(x, 1);
  const auto& quantization = stored_.quantization;
  // The kernels bring the rows of each expert together themselves.
  const array out =
      quantization
          ? gather_qmm(input, stored_.weight, *stored_.scales, stored_.biases, rows, experts, true,
                       quantization->group_size, quantization->bits, quantization->mode)
          : gather_mm(input, transposed_, rows, experts);
  const array product = squeeze(out, 1);
  return bias_ ? add(product, take(*bias_, experts, 0)) : product;
}

}  // namespace quern::models
