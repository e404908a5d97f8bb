#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "models/cache/cache.h"
#include "models/cache/token_rows.h"

namespace quern::models {

/// Keys and values of attention, in order, in buffers that have room to grow and are written in
/// place as long as nobody else holds them: between two updates let go of what the first one
/// returned.
///
/// With a window or chunks, only the tokens that later ones can still see are certain to be kept,
/// and memory is bounded: the window, what one update adds, and room for an eighth of that or 256
/// tokens.
class KeyValueCache final : public LayerCache {
 public:
  /// window: how many tokens a token sees, itself included; chunk: it sees only those with the same
  /// position / chunk; none: all.
  explicit KeyValueCache(std::optional<int> window = std::nullopt,
                         std::optional<int> chunk = std::nullopt)
      : window_(window), chunk_(chunk) {}

  /// Adds keys [B, H_kv, T, D] and values [B, H_kv, T, D_v]. Returns what the first of the T tokens
  /// to the last can see: with a window the last window + T - 1, with chunks from where the first
  /// one's begins, or all. Throws ModelError when they cannot be quantized as asked.
  SeenTokens append(const array& keys, const array& values);
  /// The same, as floats: what is quantized is expanded.
  std::pair<array, array> update(const array& keys, const array& values);
  /// What the last update returned: for a layer that attends to another one's tokens.
  std::pair<array, array> seen() const;

  const char* kind() const override { return "key_value"; }
  int offset() const override { return offset_; }

  /// Refuses when n exceeds offset(), or when the window of what remains reaches into forgotten
  /// tokens.
  bool trim(int n) override;
  Trimming trimming() const override;

  /// Arrays: keys and values, each one array or, quantized, three.
  LayerState state() const override;
  void restore(LayerState state) override;
  std::unique_ptr<LayerCache> clone() const override;
  std::unique_ptr<LayerCache> prefix(int length) const override;
  void quantize(const KeyValueQuantization& quantization) override;

 private:
  int first_seen_from(int position) const;
  TokenRows as_held(const array& rows) const;
  TokenRows grown(const std::optional<TokenRows>& held, const TokenRows& added, int keep) const;
  void quantize_held();

  std::optional<int> window_, chunk_;
  std::optional<KeyValueQuantization> quantization_;
  bool quantized_ = false;         ///< what is held, and what comes
  std::optional<TokenRows> keys_;  ///< [B, H_kv, capacity, D]; token first_ is in row 0
  std::optional<TokenRows> values_;
  int first_ = 0;
  int offset_ = 0;
  int begin_ = 0;  ///< of what the last update returned
};

}  // namespace quern::models
