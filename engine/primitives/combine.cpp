#include "engine/primitives/combine.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"

namespace quern {

namespace {

array conjugated(const array& a) { return a.dtype() == complex64 ? conjugate(a) : a; }

array zero_unless(const array& condition, const array& a) {
  return where(condition, a, array(0, a.dtype()));
}

/// Which elements of the update are the last to be written where they go.
array is_last(const Part& part, const array& whole, const array& update) {
  const Dtype dtype = update.size() > INT32_MAX ? int64 : int32;
  const array numbers = reshape(arange(0.0, double(update.size()), dtype), update.shape());
  const array written = part.write(full(whole.shape(), -1, dtype), numbers, Combine::replace);
  return equal(part.read(written), numbers);
}

/// For each element of the update, the product of the others that go to the same place: divided
/// out of the product of all, where zeros are counted instead.
array product_of_others(const Part& part, const array& whole, const array& update) {
  if (!part.repeats) return ones_like(update);
  const array zero(0, update.dtype()), one(1, update.dtype());
  const array is_zero = equal(update, zero);
  const array factors = where(is_zero, one, update);
  const array product = part.read(part.write(ones_like(whole), factors, Combine::multiply));
  const array zeros_there =
      part.read(part.write(zeros(whole.shape(), int32), astype(is_zero, int32), Combine::add));
  const array other_zeros = subtract(zeros_there, astype(is_zero, int32));
  return where(equal(other_zeros, array(0)), divide(product, factors), zero);
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
