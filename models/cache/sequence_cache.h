#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "models/cache/cache.h"

namespace quern::models {

/// Tokens of one sequence and what the model remembers of them, with places to go back to. Layers
/// that can forget any number of last tokens go back anywhere; the others only to a mark.
class SequenceCache {
 public:
  /// layers: an empty cache.
  explicit SequenceCache(Cache layers) : layers_(std::move(layers)) {}

  /// For the decoder. What it adds here, append() says.
  Cache& layers() { return layers_; }
  const Cache& layers() const { return layers_; }

  /// The tokens that the layers hold.
  const std::vector<int32_t>& tokens() const { return tokens_; }
  int length() const { return int(tokens_.size()); }
  void append(const int32_t* tokens, int count) {
    tokens_.insert(tokens_.end(), tokens, tokens + count);
  }

  /// Whether going back needs marks.
  bool needs_marks() const;
  /// Whether what the last update added can be forgotten without a mark.
  bool can_take_back() const;
  /// Remembers this place. Shares its arrays with the layers until they change, and is free where
  /// none is needed. The first mark and the last seven are kept. Returns whether one was made.
  bool mark();
  /// Lets go of the mark at this length, if there is one.
  void unmark(int length);

  /// The longest length, of at most `length`, that rewind and fork can go to; 0 when there is none.
  int reachable(int length) const;
  /// Forgets all but the first `length` tokens, which are reachable.
  void rewind(int length);
  /// A sequence of the first `length` tokens, which are reachable, that goes on by itself.
  SequenceCache fork(int length) const;

  std::vector<array> arrays() const { return arrays_of(layers_); }
  /// Bytes that the layers and the marks hold; what they share counts twice.
  size_t nbytes() const;

 private:
  struct Mark {
    int length;
    Cache layers;  ///< nullptr for those that go back anywhere
  };
  const Mark* mark_at(int length) const;

  Cache layers_;
  std::vector<int32_t> tokens_;
  std::vector<Mark> marks_;  ///< by length, ascending
};

}  // namespace quern::models
