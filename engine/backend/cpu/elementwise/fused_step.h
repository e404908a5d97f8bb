#pragma once

#include <vector>

#include "engine/backend/cpu/elementwise/chain.h"
#include "engine/backend/cpu/elementwise/tiles.h"
#include "engine/primitives/compiled.h"

namespace quern::cpu {

/// One step of a fused kernel, or several that became a chain, ready to run on tiles.
class FusedStep {
 public:
  /// A value that others read after this step, and where it goes.
  struct Result {
    int value;
    int place;   ///< register
    int output;  ///< of the whole, or -1
  };

  const std::vector<Result>& results() const { return results_; }

  /// On n elements of each value. `values` has the addresses of all that are known, and of this
  /// step's results.
  void run(const std::vector<void*>& values, size_t n) const;

 private:
  friend class FusedSteps;

  std::vector<Result> results_;
  std::vector<ChainLink> chain_;  // empty: the tile or the conversion below
  Tile tile_ = nullptr;           // nullptr: a conversion
  Dtype from_ = float32;          // of the operands, as they are computed with
  Dtype to_ = float32;            // of the result, likewise
  Dtype dtype_ = float32;         // of the result, as the step alone would store it
  std::vector<int> operands_;     // values
};

/// The steps of a fused kernel; `is_constant` says which inputs are one element repeated.
std::vector<FusedStep> fused_steps(const Compiled& p, const std::vector<bool>& is_constant);

}  // namespace quern::cpu
