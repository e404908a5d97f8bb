#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "engine/array/array.h"
#include "engine/ops/shape.h"
#include "models/cache/cache.h"
#include "models/cache/token_rows.h"
#include "models/decoder/attention_mask.h"

namespace quern::models {

class Layer;

/// One pass through the decoder: whose tokens they are. Either they are [B, T] of one cache (or of
/// none, when nothing came before and nothing will be asked after), or [1, N] of several sequences,
/// one after the other, each with its own cache of batch 1.
class Step {
 public:
  struct Sequence {
    Cache* cache;  ///< nullptr: none
    int tokens;
  };

  explicit Step(std::vector<Sequence> sequences) : sequences_(std::move(sequences)) {}

  const std::vector<Sequence>& sequences() const { return sequences_; }
  AttentionMasks& masks() { return masks_; }

  /// The layer that is running; the decoder sets it.
  int layer = 0;
  /// What each layer gets besides the stream, where there is such a thing: [B, T, size] each.
  std::vector<array> layer_inputs;
  /// What runs each layer, of this step's number `layer`, on x: training without keeping what lies
  /// inside. Empty: the layer is called.
  std::function<array(const Layer&, const array& x, Step& step)> run_layer;
  /// Which of two mixers that share the layer is running; none: it has one. The layer sets it.
  std::optional<size_t> half;

  /// For what must see each sequence by itself. inputs: [B, T, ...] or [1, N, ...]. Calls
  /// f(parts, sequence) with each sequence's part of the inputs and its number, and returns the
  /// results, joined along axis 1 again.
  template <typename F>
  array per_sequence(const std::vector<array>& inputs, F&& f) const {
    if (sequences_.size() == 1) return f(inputs, size_t(0));
    std::vector<array> results;
    int first = 0;
    for (size_t i = 0; i < sequences_.size(); ++i) {
      results.push_back(f(rows(inputs, first, first + sequences_[i].tokens), i));
      first += sequences_[i].tokens;
    }
    return concatenate(std::move(results), 1);
  }

  /// A sequence's cache of the running layer; nullptr without one.
  LayerCache* cache(size_t sequence) const;
  LayerCache* cache(size_t sequence, int of_layer) const {
    Cache* all = sequences_[sequence].cache;
    return all ? (*all)[size_t(of_layer)].get() : nullptr;
  }

  /// What one layer's attention looked at, and the position of the step's first token.
  struct Seen {
    SeenTokens tokens;
    int offset;
  };

  /// Leaves the running layer's for later layers of this step.
  void lend(size_t sequence, const Seen& seen) { lent_.insert_or_assign({layer, sequence}, seen); }
  const Seen& lent(int by_layer, size_t sequence) const { return lent_.at({by_layer, sequence}); }

 private:
  static std::vector<array> rows(const std::vector<array>& inputs, int begin, int end);

  std::vector<Sequence> sequences_;
  AttentionMasks masks_;
  std::map<std::pair<int, size_t>, Seen> lent_;
};

}  // namespace quern::models
