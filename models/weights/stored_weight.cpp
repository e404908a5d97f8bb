#include "models/weights/stored_weight.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/fast.h"
#include "engine/ops/matmul.h"
#include "engine/ops/quantized.h"
#include "engine/ops/shape.h"
#include "engine/primitives/quantized.h"
#include "models/error.h"
#include "models/weights/weight_reader.h"

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
                      .quantization = quantization,
                      .rounds_activations = reader.rounds_activations()};
  if (quantization->mode == "affine") {
    const auto parameters = [&](const char* part) {
      const std::string name = path + part;
      return contiguous(dtype ? reader.take(name, groups, dtype)
                              : reader.take_parameters(name, groups));
    };
    stored.scales = parameters(".scales");
    stored.biases = parameters(".biases");
  } else {
    stored.scales = contiguous(reader.take_as(uint8, path + ".scales", groups));
    if (reader.has(path + ".global_scale")) {
      stored.factor =
          divide(reader.take_as(float32, path + ".global_scale", {}), array(global_scale_range));
    }
  }
  return stored;
}

array StoredWeight::product(const array& x, bool transpose) const {
  if (!quantization) return matmul(x, transpose ? swapaxes(weight, -1, -2) : weight);
  // Without its factor a product may lie outside the range of halves.
  const auto multiply_by = rounds_activations ? fast::quantized_matmul : quantized_matmul;
  const array out =
      multiply_by(factor ? astype(x, float32) : x, weight, *scales, biases, transpose,
                  quantization->group_size, quantization->bits, quantization->mode, {});
  return astype(factor ? multiply(out, *factor) : out, x.dtype());
}

bool StoredWeight::have_products(const std::vector<const StoredWeight*>& weights) {
  const StoredWeight& first = *weights[0];
  return first.quantization && std::all_of(weights.begin(), weights.end(), [&](const auto* w) {
           return w->rounds_activations && w->quantization == first.quantization && !w->factor &&
                  w->weight.ndim() == 2 && w->scales->dtype() == first.scales->dtype();
         });
}

std::vector<array> StoredWeight::products(const array& x,
                                          const std::vector<const StoredWeight*>& weights) {
  std::vector<fast::QuantizedMatrix> matrices;
  for (const StoredWeight* w : weights) matrices.push_back({w->weight, *w->scales, w->biases});
  const Quantization& q = *weights[0]->quantization;
  std::vector<array> products = fast::quantized_matmuls(x, matrices, q.group_size, q.bits, q.mode);
  for (array& product : products) product = astype(product, x.dtype());
  return products;
}

}  // namespace quern::models
