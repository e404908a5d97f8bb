#pragma once

#include "models/generate/drafter.h"

namespace quern::models {

/// Guesses that what followed the last few tokens earlier in the text follows again: summaries,
/// quotations, changes to code.
class NgramDrafter final : public Drafter {
 public:
  /// The lengths of what must agree, in tokens; longer agreement goes first.
  explicit NgramDrafter(int longest = 4, int shortest = 2)
      : longest_(longest), shortest_(shortest) {}

  Draft propose(std::span<const int32_t> text, int most) override;

 private:
  int longest_, shortest_;
};

}  // namespace quern::models
