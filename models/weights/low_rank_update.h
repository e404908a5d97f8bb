#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/weights/stored_weight.h"

namespace quern::models {

/// How much of an adapter is heard: 0 none of it, 1 all. Any thread may change it while a model
/// answers; what is computed from then on follows.
class AdapterStrength {
 public:
  explicit AdapterStrength(float value = 1.0f) : value_(value) {}
  float get() const { return value_.load(std::memory_order_relaxed); }
  void set(float value) {
    if (value_.exchange(value) != value) ++changes_;
  }
  /// How often it was changed: what was computed between two equal counts had one strength.
  uint64_t changes() const { return changes_.load(); }

 private:
  std::atomic<float> value_;
  std::atomic<uint64_t> changes_ = 0;
};

/// A change of low rank to one weight W [..., out, in], beside it and never merged: LoRA (Hu et al.
/// 2021), W + scale * up @ down, or with a magnitude DoRA (Liu et al. 2024), the same with each row
/// brought to the length that the magnitude says; the gradient does not see the row's own length.
struct LowRankUpdate {
  array down;                               ///< [..., rank, in]
  array up;                                 ///< [..., out, rank]
  float scale = 1.0f;                       ///< a plain multiplier
  std::optional<array> magnitude = {};      ///< [..., out]
  std::optional<array> squared_norms = {};  ///< of W's rows, [..., out]: needed with a magnitude
  /// Of rows, [..., out], float32: what their new lengths follow from.
  struct RowTerms {
    array products;  ///< of W's rows with those of up @ down
    array squares;   ///< of the lengths of up @ down's
  };
  /// Of parameters that stay as they are; without it, it is computed at each use.
  std::optional<RowTerms> row_terms = {};
  /// The part of the inputs that the change does not see, drawn anew at each use from
  /// nn::RandomScope; for training only.
  float dropout = 0.0f;
  std::shared_ptr<const AdapterStrength> strength = nullptr;  ///< none: 1
};
using LowRankUpdates = std::vector<LowRankUpdate>;

/// A weight of a model that a LowRankUpdate can change.
struct AdaptableModule {
  enum class Kind { linear, embedding, experts };
  Kind kind;
  std::string path;  ///< of the module: "model.layers.0.self_attn.q_proj"
  Shape shape;       ///< of the floats: [out, in], [vocab, dims] or [experts, out, in]
};

/// Asked for each adaptable weight while a decoder is made: the updates to it.
using UpdateSource = std::function<LowRankUpdates(const AdaptableModule&, const StoredWeight&)>;

/// The squares of the lengths of W's rows, [..., out], float32.
array squared_row_norms(const StoredWeight& weight);

LowRankUpdate::RowTerms row_terms(const LowRankUpdate& update, const StoredWeight& weight);

/// product = x @ W^T [..., out], with the updates: x [..., in].
array updated_product(const LowRankUpdates& updates, const StoredWeight& weight, const array& x,
                      const array& product);

/// rows = the rows of W with these indices, with the updates: indices [...] -> [..., in].
array updated_rows(const LowRankUpdates& updates, const StoredWeight& weight, const array& indices,
                   const array& rows);

/// product[i] = x[rows[i]] @ W[experts[i]]^T, with the updates: x [N, in]; experts, rows [M] ->
/// [M, out].
array updated_expert_product(const LowRankUpdates& updates, const StoredWeight& weight,
                             const array& x, const array& experts, const std::optional<array>& rows,
                             const array& product);

}  // namespace quern::models
