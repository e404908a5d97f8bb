#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/array/array.h"

namespace quern::models {

/// A guess at how a text goes on.
struct Draft {
  std::vector<int32_t> tokens;
  /// What each was drawn from: log-probabilities [vocab_size] float32. Empty: they were not drawn.
  std::vector<array> distributions;
};

/// Guesses how one text goes on, for a model that then reads all of the guess at once (speculative
/// decoding, Leviathan et al. 2022). For one thread.
class Drafter {
 public:
  virtual ~Drafter() = default;

  /// text: prompt and answer so far; each time the last one's beginning, gone on otherwise perhaps.
  /// At most `most` tokens; none when there is nothing to guess by.
  virtual Draft propose(std::span<const int32_t> text, int most) = 0;
};

/// How much to guess at a time: more while guesses hold, less when they do not.
class DraftLength {
 public:
  explicit DraftLength(int most) : most_(most), length_(most) {}

  int get() const { return length_; }
  void update(int proposed, int accepted) {
    if (accepted == proposed) {
      length_ = length_ + 2 < most_ ? length_ + 2 : most_;
    } else if (2 * accepted < proposed) {
      length_ = length_ > 1 ? length_ - 1 : 1;
    }
  }

 private:
  int most_;
  int length_;
};

}  // namespace quern::models
