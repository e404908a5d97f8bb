#pragma once

namespace quern {

/// A transform that is running a function to see what it does. Traces nest; each has a level, and
/// an array that is made from another has at least its level (array::trace_level). So a transform
/// that looks for what depends on its inputs need not look at arrays of a lower level.
///
/// For the calling thread.
class Trace {
 public:
  enum class Kind {
    values,     ///< inputs have values: the function may evaluate
    shapes,     ///< inputs have none
    any_shape,  ///< ... and what is recorded must hold for other shapes
  };

  explicit Trace(Kind kind);
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  int level() const { return level_; }

  /// How many traces are running.
  static int depth();
  /// Whether ops must leave shapes open: one running trace records for any shape.
  static bool any_shape();

 private:
  const int level_;
  const bool any_shape_;
};

}  // namespace quern
