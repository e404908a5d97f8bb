#include "engine/primitives/combine.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/primitives/reshape.h"

namespace quern {

namespace {

array conjugated(const array& a) { return a.dtype() == complex64 ? conjugate(a) : a; }

array zero_unless(const array& condition, const array& a) {
  return where(condition, a, array(0, a.dtype()));
}

/// Which elements of the update are the last to be written where they go.
array is_last(const Part& part, const array& whole, const array& update) {
  const Dtype dtype = update.size() > INT32_MAX ? int64 : int32;
  const array numbers = reshape_like(arange(0.0, double(update.size()), dtype), update);
  const array written = part.write(full_like(whole, array(-1), dtype), numbers, Combine::replace);
  return equal(part.read(written), numbers);
}

/// For each element of the update, the product of the others that go to the same place: divided
/// out of the product of those that are not zero. Where one zero is left out, it is multiplied in
/// again, so that its derivative is right too.
array product_of_others(const Part& part, const array& whole, const array& update) {
  if (!part.repeats) return ones_like(update);
  const array zero(0, update.dtype()), one(1, update.dtype());
  const array is_zero = equal(update, zero);
  const array factors = where(is_zero, one, update), zeros_alone = where(is_zero, update, zero);
  const auto of_all = [&](const array& values, Combine combine) {
    const array start = combine == Combine::add ? zeros_like(whole) : ones_like(whole);
    return part.read(part.write(astype(start, values.dtype()), values, combine));
  };
  const array count = astype(is_zero, int32);
  const array others = subtract(of_all(count, Combine::add), count);
  const array other_zero = subtract(of_all(zeros_alone, Combine::add), zeros_alone);
  const array product = divide(of_all(factors, Combine::multiply), factors);
  return multiply(product, where(equal(others, array(0)), one,
                                 where(equal(others, array(1)), other_zero, zero)));
}

}  // namespace

array combine_whole_vjp(Combine combine, const Part& part, const array& whole, const array& update,
                        const array& result, const array& cotangent) {
  switch (combine) {
    case Combine::replace:
      return part.write(cotangent, zeros_like(update), Combine::replace);
    case Combine::add:
      return cotangent;
    case Combine::multiply:
      return part.write(cotangent, conjugated(update), Combine::multiply);
    default:
      return zero_unless(equal(result, whole), cotangent);
  }
}

array combine_update_vjp(Combine combine, const Part& part, const array& whole, const array& update,
                         const array& result, const array& cotangent) {
  switch (combine) {
    case Combine::replace: {
      const array there = part.read(cotangent);
      return part.repeats ? zero_unless(is_last(part, whole, update), there) : there;
    }
    case Combine::add:
      return part.read(cotangent);
    case Combine::multiply:
      return multiply(part.read(multiply(cotangent, conjugated(whole))),
                      conjugated(product_of_others(part, whole, update)));
    default:
      return zero_unless(equal(part.read(result), update), part.read(cotangent));
  }
}

array combine_jvp(Combine combine, const Part& part, const array& whole, const array& update,
                  const array& result, const array& whole_tangent, const array& update_tangent) {
  switch (combine) {
    case Combine::replace:
    case Combine::add:
      return part.write(whole_tangent, update_tangent, combine);
    case Combine::multiply: {
      const array factor = multiply(part.read(whole), product_of_others(part, whole, update));
      return part.write(part.write(whole_tangent, update, Combine::multiply),
                        multiply(update_tangent, factor), Combine::add);
    }
    default:
      return part.write(zero_unless(equal(result, whole), whole_tangent),
                        zero_unless(equal(part.read(result), update), update_tangent),
                        Combine::add);
  }
}

}  // namespace quern
