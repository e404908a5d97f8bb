#include "models/weights/gguf/gguf_forms.h"

#include <fmt/format.h>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "models/error.h"

namespace quern::models {

namespace {

/// Rows [heads * 2 * n, ...]: those of a head, `first` by `second` of them, with these two axes
/// exchanged.
array exchange_rows(const std::string& name, const array& rows, int heads, bool to_pairs) {
  if (heads <= 0 || rows.ndim() == 0 || rows.shape(0) % (2 * heads) != 0) {
    throw ModelError(
        fmt::format("[gguf] {} has the shape {}, which {} heads of pairs do not divide", name,
                    to_string(rows.shape()), heads),
        "The file is damaged: download the model again.");
  }
  const int half = rows.shape(0) / heads / 2;
  Shape apart = {heads, to_pairs ? 2 : half, to_pairs ? half : 2};
  apart.insert(apart.end(), rows.shape().begin() + 1, rows.shape().end());
  return reshape(swapaxes(reshape(rows, apart), 1, 2), rows.shape());
}

void exchange_all(int heads, int key_value_heads, bool to_pairs, Weights& weights) {
  for (auto& [name, value] : weights) {
    if (name.find(".self_attn.q_proj.") != std::string::npos)
      value = exchange_rows(name, value, heads, to_pairs);
    if (name.find(".self_attn.k_proj.") != std::string::npos)
      value = exchange_rows(name, value, key_value_heads, to_pairs);
  }
}

void add_to_norms(float addend, Weights& weights) {
  for (auto& [name, value] : weights) {
    if (name.ends_with("norm.weight")) value = add(astype(value, float32), array(addend));
  }
}

}  // namespace

void from_gguf_forms(const GgufArchitecture& architecture, int heads, int key_value_heads,
                     Weights& weights) {
  if (architecture.permutes_heads) exchange_all(heads, key_value_heads, false, weights);
  if (architecture.norms_plus_one) add_to_norms(-1, weights);
}

void to_gguf_forms(const GgufArchitecture& architecture, int heads, int key_value_heads,
                   Weights& weights) {
  if (architecture.permutes_heads) exchange_all(heads, key_value_heads, true, weights);
  if (architecture.norms_plus_one) add_to_norms(1, weights);
}

}  // namespace quern::models
