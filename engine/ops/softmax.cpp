#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "engine/ops/reduce_axes.h"
#include "engine/primitives/reduce.h"

namespace quern {

array softmax(const array& a, const std::vector<int>& axes, bool, StreamOrDevice s) {
  const std::vector<int> sorted = sorted_axes(a, axes, "softmax");
  const array x = astype(a, at_least_float(a.dtype()), s);
  const LastAxis last(x, sorted, s);
  return last.restore(
      array(last.merged.shape(), x.dtype(), make_pooled<Softmax>(to_stream(s)), {last.merged}));
}
array softmax(const array& a, int axis, bool precise, StreamOrDevice s) {
  return softmax(a, std::vector<int>{axis}, precise, s);
}
array softmax(const array& a, bool precise, StreamOrDevice s) {
  return softmax(a, all_axes(a), precise, s);
}

array logsumexp(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  const std::vector<int> sorted = sorted_axes(a, axes, "logsumexp");
  const array x = astype(a, at_least_float(a.dtype()), s);
  const LastAxis last(x, sorted, s);
  const std::vector<int> axis{int(last.merged.ndim()) - 1};
  const array out = reduction_node<LogSumExp>(last.merged, axis, false, x.dtype(), s);
  if (!keepdims) return out;
  Shape shape = a.shape();
  for (const int i : sorted) shape[size_t(i)] = 1;
  return reshape(out, std::move(shape), s);
}
array logsumexp(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return logsumexp(a, std::vector<int>{axis}, keepdims, s);
}
array logsumexp(const array& a, bool keepdims, StreamOrDevice s) {
  return logsumexp(a, all_axes(a), keepdims, s);
}
array logsumexp(const array& a, StreamOrDevice s) { return logsumexp(a, false, s); }

}  // namespace quern
