#pragma once

#include <cstdint>

#include "engine/array/array.h"

namespace quern::models {

/// What an answer must look like: which tokens may come next, given those so far. One per answer;
/// for one thread.
class TokenConstraint {
 public:
  virtual ~TokenConstraint() = default;

  /// The tokens that may come next: bool [vocab_size], at least one of them true, evaluated. End
  /// tokens are among them exactly when the answer may end here.
  virtual array allowed() = 0;

  /// Takes the token that was chosen, which allowed() had.
  virtual void advance(int32_t token) = 0;

  /// Whether the answer is whole: nothing but its end may follow.
  virtual bool complete() const = 0;
};

}  // namespace quern::models
