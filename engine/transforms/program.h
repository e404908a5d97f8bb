#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/array/array.h"
#include "engine/primitives/primitive.h"

namespace quern {

/// A function's graph as a list of steps over numbered values: the inputs, then the constants, then
/// what the steps compute. It holds no array but the constants, and can be run any number of times,
/// from any thread.
struct Program {
  struct Value {
    Shape shape;
    Dtype dtype;
  };
  struct Step {
    std::shared_ptr<const Primitive> primitive;
    std::vector<int> inputs;   ///< values
    std::vector<int> outputs;  ///< values
  };

  size_t input_count = 0;
  Arrays constants;
  std::vector<Value> values;
  std::vector<Step> steps;  ///< each after those whose outputs it reads
  std::vector<int> outputs;
  bool any_shape = false;  ///< values[i].shape is that of the recorded call only

  /// The function's outputs for these inputs, as new graph. Their number, dtypes and (unless
  /// any_shape) shapes are those of the record.
  Arrays run(const Arrays& inputs) const;
};

/// Records what `fun` does to inputs like these. Constants are what it uses without an input having
/// a part in it; they are evaluated, unless another transform is tracing them.
Program record_program(const std::function<Arrays(const Arrays&)>& fun, const Arrays& inputs,
                       bool any_shape);

/// The same, but only constants without axes are evaluated.
Program record_shapes(const std::function<Arrays(const Arrays&)>& fun, const Arrays& inputs);

/// Makes steps that do the same to the same values one, and takes out those that only copy or that
/// nothing needs.
void simplify(Program& program);

/// Makes groups of elementwise steps one step each: a Compiled.
void fuse(Program& program);

}  // namespace quern
