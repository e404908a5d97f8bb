#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// A running reduction along an axis; the output has the input's shape and dtype.
class Scan : public Primitive {
 public:
  Scan(Stream s, int axis, bool reverse, bool inclusive)
      : Primitive(s), axis(axis), reverse(reverse), inclusive(inclusive) {}
  auto state() const { return std::tie(axis, reverse, inclusive); }
  std::vector<Shape> output_shapes(const Arrays& inputs) const override {
    return {inputs[0].shape()};
  }
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;

  const int axis;  ///< not negative
  const bool reverse;
  const bool inclusive;

 protected:
  /// The same scan with other parameters.
  virtual std::shared_ptr<const Primitive> with(int axis, bool reverse, bool inclusive) const = 0;

  // Derivatives of the inclusive scan from x to y; those of the exclusive one follow.
  virtual array pull_back(const array& cotangent, const array& x, const array& y) const = 0;
  virtual array push_forward(const array& tangent, const array& x, const array& y) const = 0;

  // What these are made of, all along the axis in the direction of the scan.

  /// A scan of this kind with other parameters.
  array scan(const array& x, int over, bool from_end, bool with_itself) const;
  /// The element before (after) each one; `fill` where there is none.
  array before(const array& a, double fill) const;
  array after(const array& a, double fill) const;
  /// r with r[i] = values[i] + factors[i] * r[i - 1] (r[i + 1]).
  array run_on(const array& values, const array& factors) const;
  array run_back(const array& values, const array& factors) const;
};

template <typename P, typename Base = Scan>
class ScanOf : public PrimitiveOf<P, Base> {
 public:
  using PrimitiveOf<P, Base>::PrimitiveOf;

 protected:
  std::shared_ptr<const Primitive> with(int axis, bool reverse, bool inclusive) const override {
    return make_pooled<P>(this->stream(), axis, reverse, inclusive);
  }
};

/// Up to each place the derivative belongs to the element that is the extremum, the first of
/// equals.
class RunningExtremum : public Scan {
 public:
  using Scan::Scan;

 protected:
  array pull_back(const array& cotangent, const array& x, const array& y) const override;
  array push_forward(const array& tangent, const array& x, const array& y) const override;
  /// bool: where x is the extremum, but none of those before it is.
  virtual array beats(const array& x, const array& before) const = 0;

 private:
  /// int32, x's shape: where along the axis the extremum up to each place is.
  array places(const array& x) const;
};

class CumSum final : public ScanOf<CumSum> {
 public:
  using ScanOf::ScanOf;
  static constexpr const char* type_name = "CumSum";

 protected:
  array pull_back(const array& cotangent, const array& x, const array& y) const override;
  array push_forward(const array& tangent, const array& x, const array& y) const override;
};

class CumProd final : public ScanOf<CumProd> {
 public:
  using ScanOf::ScanOf;
  static constexpr const char* type_name = "CumProd";

 protected:
  array pull_back(const array& cotangent, const array& x, const array& y) const override;
  array push_forward(const array& tangent, const array& x, const array& y) const override;
};

class CumMax final : public ScanOf<CumMax, RunningExtremum> {
 public:
  using ScanOf::ScanOf;
  static constexpr const char* type_name = "CumMax";

 protected:
  array beats(const array& x, const array& before) const override;
};

class CumMin final : public ScanOf<CumMin, RunningExtremum> {
 public:
  using ScanOf::ScanOf;
  static constexpr const char* type_name = "CumMin";

 protected:
  array beats(const array& x, const array& before) const override;
};

class LogCumSumExp final : public ScanOf<LogCumSumExp> {
 public:
  using ScanOf::ScanOf;
  static constexpr const char* type_name = "LogCumSumExp";

 protected:
  array pull_back(const array& cotangent, const array& x, const array& y) const override;
  array push_forward(const array& tangent, const array& x, const array& y) const override;
};

}  // namespace quern
