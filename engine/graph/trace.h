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
    values,            ///< inputs have values: the function may evaluate
    shapes,            ///< inputs have none
    record,            ///< ... and the whole graph is recorded, to be run again
    record_any_shape,  ///< ... for inputs of other shapes too
  };

  explicit Trace(Kind kind);
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  int level() const { return level_; }

  /// How many traces are running.
  static int depth();
  /// Whether one of them records the graph, so that what is fused here could not be fused there.
  static bool recording();
  /// Whether ops must leave shapes open: one of them records for any shape.
  static bool any_shape();

 private:
  const int level_;
  const Kind kind_;
};

}  // namespace quern
