#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "models/cache/cache.h"

namespace quern::models {

/// Keys and values of attention, in order, in buffers that have room to grow and are written in
/// place as long as nobody else holds them: between two updates let go of what the first one
/// returned.
///
/// With a window, only the tokens that later ones can still see are certain to be kept, and memory
/// is bounded: the window, what one update adds, and room for an eighth of that or 256 tokens.
class KeyValueCache final : public LayerCache {
 public:
  /// window: how many tokens a token sees, itself included; none: all.
  explicit KeyValueCache(std::optional<int> window = std::nullopt) : window_(window) {}

  /// Adds keys [B, H_kv, T, D] and values [B, H_kv, T, D_v]. Returns, of both, what the first of
  /// the T tokens to the last can see: the last window + T - 1, or all.
  std::pair<array, array> update(const array& keys, const array& values);
  /// What the last update returned: for a layer that attends to another one's tokens.
  std::pair<array, array> seen() const;

  const char* kind() const override { return "key_value"; }
  int offset() const override { return offset_; }

  /// Refuses when n exceeds offset(), or when the window of what remains reaches into forgotten
  /// tokens.
  bool trim(int n) override;

  LayerState state() const override;
  void restore(LayerState state) override;
  std::unique_ptr<LayerCache> clone() const override;

 private:
  array grown(const std::optional<array>& held, const array& added, int keep) const;

  std::optional<int> window_;
  std::optional<array> keys_;  ///< [B, H_kv, capacity, D]; token first_ is in row 0
  std::optional<array> values_;
  int first_ = 0;
  int offset_ = 0;
  int begin_ = 0;  ///< of what the last update returned
};

}  // namespace quern::models
