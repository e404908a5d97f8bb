#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// Reduces over axes, which keep length 1 in the output.
class Reduction : public Primitive {
 public:
  Reduction(Stream s, std::vector<int> axes) : Primitive(s), axes(std::move(axes)) {}
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(axes); }

  const std::vector<int> axes;  ///< not negative, ascending

 protected:
  /// The same reduction over other axes.
  virtual std::shared_ptr<const Primitive> over(std::vector<int> axes) const = 0;
};

template <typename P, typename Base = Reduction>
class ReductionOf : public PrimitiveOf<P, Base> {
 public:
  using PrimitiveOf<P, Base>::PrimitiveOf;

 protected:
  std::shared_ptr<const Primitive> over(std::vector<int> axes) const override {
    return make_pooled<P>(this->stream(), std::move(axes));
  }
};

/// Accumulates in float32 (float64 for float64) or the integer type; the output has the input's
/// dtype, or float32 for an input of a half dtype.
class Sum final : public ReductionOf<Sum> {
 public:
  using ReductionOf::ReductionOf;
  static constexpr const char* type_name = "Sum";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

class Prod final : public ReductionOf<Prod> {
 public:
  using ReductionOf::ReductionOf;
  static constexpr const char* type_name = "Prod";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

/// The sum of the squares of what elements differ from their mean by: real dtypes of floats, in
/// float32 or float64, like Sum.
class SquaredDeviations final : public ReductionOf<SquaredDeviations> {
 public:
  using ReductionOf::ReductionOf;
  static constexpr const char* type_name = "SquaredDeviations";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

/// The derivative is shared by all elements that are the largest (smallest).
class Extremum : public Reduction {
 public:
  using Reduction::Reduction;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

class Max final : public ReductionOf<Max, Extremum> {
 public:
  using ReductionOf::ReductionOf;
  static constexpr const char* type_name = "Max";
};

class Min final : public ReductionOf<Min, Extremum> {
 public:
  using ReductionOf::ReductionOf;
  static constexpr const char* type_name = "Min";
};

/// A reduction to bool or to an index: its derivative is zero.
class StepwiseReduction : public Reduction {
 public:
  using Reduction::Reduction;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

/// bool to bool.
class All final : public ReductionOf<All, StepwiseReduction> {
 public:
  using ReductionOf::ReductionOf;
  static constexpr const char* type_name = "All";
};

class Any final : public ReductionOf<Any, StepwiseReduction> {
 public:
  using ReductionOf::ReductionOf;
  static constexpr const char* type_name = "Any";
};

/// Over one axis; the output is uint32.
class ArgMax final : public ReductionOf<ArgMax, StepwiseReduction> {
 public:
  using ReductionOf::ReductionOf;
  static constexpr const char* type_name = "ArgMax";
};

class ArgMin final : public ReductionOf<ArgMin, StepwiseReduction> {
 public:
  using ReductionOf::ReductionOf;
  static constexpr const char* type_name = "ArgMin";
};

/// Over the last axis.
class LogSumExp final : public ReductionOf<LogSumExp> {
 public:
  using ReductionOf::ReductionOf;
  static constexpr const char* type_name = "LogSumExp";
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

/// Over the last axis, which keeps its length.
class Softmax final : public PrimitiveOf<Softmax> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Softmax";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
};

}  // namespace quern
