#include "engine/ops/arithmetic.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/elementwise.h"
#include "engine/primitives/arithmetic.h"

namespace quern {

namespace {

template <typename P>
array promoted(const array& a, const array& b, StreamOrDevice s) {
  const Dtype dtype = result_type(a, b);
  return elementwise_node<P>(a, b, dtype, dtype, s);
}

template <typename P>
array promoted_to_float(const array& a, const array& b, StreamOrDevice s) {
  const Dtype dtype = at_least_float(result_type(a, b));
  return elementwise_node<P>(a, b, dtype, dtype, s);
}

void require_real(const array& a, const array& b, const char* where) {
  if (result_type(a, b) == complex64) {
    throw std::invalid_argument(fmt::format("[{}] complex numbers have no order: got {} and {}",
                                            where, dtype_name(a.dtype()), dtype_name(b.dtype())));
  }
}

}  // namespace

array add(const array& a, const array& b, StreamOrDevice s) { return promoted<Add>(a, b, s); }
array subtract(const array& a, const array& b, StreamOrDevice s) {
  return promoted<Subtract>(a, b, s);
}
array multiply(const array& a, const array& b, StreamOrDevice s) {
  return promoted<Multiply>(a, b, s);
}
array divide(const array& a, const array& b, StreamOrDevice s) {
  return promoted_to_float<Divide>(a, b, s);
}

array floor_divide(const array& a, const array& b, StreamOrDevice s) {
  require_real(a, b, "floor_divide");
  return promoted<FloorDivide>(a, b, s);
}

array remainder(const array& a, const array& b, StreamOrDevice s) {
  require_real(a, b, "remainder");
  return promoted<Remainder>(a, b, s);
}

std::vector<array> divmod(const array& a, const array& b, StreamOrDevice s) {
  require_real(a, b, "divmod");
  return {floor_divide(a, b, s), remainder(a, b, s)};
}

array power(const array& a, const array& b, StreamOrDevice s) { return promoted<Power>(a, b, s); }
array maximum(const array& a, const array& b, StreamOrDevice s) {
  return promoted<Maximum>(a, b, s);
}
array minimum(const array& a, const array& b, StreamOrDevice s) {
  return promoted<Minimum>(a, b, s);
}
array logaddexp(const array& a, const array& b, StreamOrDevice s) {
  return promoted_to_float<LogAddExp>(a, b, s);
}

array arctan2(const array& a, const array& b, StreamOrDevice s) {
  require_real(a, b, "arctan2");
  return promoted_to_float<ArcTan2>(a, b, s);
}

}  // namespace quern
