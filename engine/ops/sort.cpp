#include "engine/ops/sort.h"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "engine/primitives/sort.h"

namespace quern {

namespace {

/// A node of primitive P, which works along the last axis, along any axis.
template <typename P, typename... Args>
array along_axis(const array& a, int axis, Dtype dtype, StreamOrDevice s, Args... args) {
  const array last = swapaxes(a, axis, -1, s);
  const array out(last.shape(), dtype, make_pooled<P>(to_stream(s), args...), {last});
  return swapaxes(out, axis, -1, s);
}

template <typename P>
array sorted(const array& a, int axis, Dtype dtype, const char* where, StreamOrDevice s) {
  if (a.ndim() == 0 && (axis == 0 || axis == -1)) {
    return reshape(sorted<P>(reshape(a, {1}, s), 0, dtype, where, s), {}, s);
  }
  return along_axis<P>(a, normalize_axis(axis, int(a.ndim()), where), dtype, s);
}

template <typename P>
array partitioned(const array& a, int kth, int axis, Dtype dtype, const char* where,
                  StreamOrDevice s) {
  axis = normalize_axis(axis, int(a.ndim()), where);
  const int n = a.shape(axis);
  if (kth < -n || kth >= n) {
    throw std::invalid_argument(fmt::format("[{}] kth {} is out of range for axis {} of shape {}",
                                            where, kth, axis, to_string(a.shape())));
  }
  return along_axis<P>(a, axis, dtype, s, kth < 0 ? kth + n : kth);
}

}  // namespace

array sort(const array& a, StreamOrDevice s) { return sort(flatten(a, s), 0, s); }
array sort(const array& a, int axis, StreamOrDevice s) {
  return sorted<Sort>(a, axis, a.dtype(), "sort", s);
}
array argsort(const array& a, StreamOrDevice s) { return argsort(flatten(a, s), 0, s); }
array argsort(const array& a, int axis, StreamOrDevice s) {
  return sorted<ArgSort>(a, axis, uint32, "argsort", s);
}

array partition(const array& a, int kth, StreamOrDevice s) {
  return partition(flatten(a, s), kth, 0, s);
}
array partition(const array& a, int kth, int axis, StreamOrDevice s) {
  return partitioned<Partition>(a, kth, axis, a.dtype(), "partition", s);
}
array argpartition(const array& a, int kth, StreamOrDevice s) {
  return argpartition(flatten(a, s), kth, 0, s);
}
array argpartition(const array& a, int kth, int axis, StreamOrDevice s) {
  return partitioned<ArgPartition>(a, kth, axis, uint32, "argpartition", s);
}

array topk(const array& a, int k, StreamOrDevice s) { return topk(flatten(a, s), k, 0, s); }

array topk(const array& a, int k, int axis, StreamOrDevice s) {
  axis = normalize_axis(axis, int(a.ndim()), "topk");
  const int n = a.shape(axis);
  if (k < 0 || k > n) {
    throw std::invalid_argument(fmt::format(
        "[topk] cannot take {} elements along axis {} of shape {}", k, axis, to_string(a.shape())));
  }
  if (k == n) return a;
  Shape from(a.ndim(), 0);
  from[size_t(axis)] = n - k;
  return slice(partition(a, n - k - (k == 0), axis, s), from, a.shape(), s);
}

array searchsorted(const array& sorted_sequence, const array& values, std::string_view side,
                   StreamOrDevice s) {
  if (side != "left" && side != "right") {
    throw std::invalid_argument(
        fmt::format("[searchsorted] side is left or right, not \"{}\"", std::string(side)));
  }
  if (sorted_sequence.ndim() != 1) {
    throw std::invalid_argument(
        fmt::format("[searchsorted] needs a sequence with 1 dimension, got shape {}",
                    to_string(sorted_sequence.shape())));
  }
  const Dtype dtype = result_type(sorted_sequence, values);
  return array(values.shape(), uint32, make_pooled<SearchSorted>(to_stream(s), side == "right"),
               {astype(sorted_sequence, dtype, s), astype(values, dtype, s)});
}

}  // namespace quern
