#include "engine/c/sort.h"

#include "engine/c/adapt.h"
#include "engine/ops/sort.h"

using namespace quern::c;

int quern_sort(quern_array* out, quern_array a, quern_stream s) {
  return call<Op<ArrayIn>(quern::sort)>(out, a, s);
}
int quern_sort_axis(quern_array* out, quern_array a, int axis, quern_stream s) {
  return call<Op<ArrayIn, int>(quern::sort)>(out, a, axis, s);
}
int quern_argsort(quern_array* out, quern_array a, quern_stream s) {
  return call<Op<ArrayIn>(quern::argsort)>(out, a, s);
}
int quern_argsort_axis(quern_array* out, quern_array a, int axis, quern_stream s) {
  return call<Op<ArrayIn, int>(quern::argsort)>(out, a, axis, s);
}
int quern_partition(quern_array* out, quern_array a, int kth, quern_stream s) {
  return call<Op<ArrayIn, int>(quern::partition)>(out, a, kth, s);
}
int quern_partition_axis(quern_array* out, quern_array a, int kth, int axis, quern_stream s) {
  return call<Op<ArrayIn, int, int>(quern::partition)>(out, a, kth, axis, s);
}
int quern_argpartition(quern_array* out, quern_array a, int kth, quern_stream s) {
  return call<Op<ArrayIn, int>(quern::argpartition)>(out, a, kth, s);
}
int quern_argpartition_axis(quern_array* out, quern_array a, int kth, int axis, quern_stream s) {
  return call<Op<ArrayIn, int, int>(quern::argpartition)>(out, a, kth, axis, s);
}
int quern_topk(quern_array* out, quern_array a, int k, quern_stream s) {
  return call<Op<ArrayIn, int>(quern::topk)>(out, a, k, s);
}
int quern_topk_axis(quern_array* out, quern_array a, int k, int axis, quern_stream s) {
  return call<Op<ArrayIn, int, int>(quern::topk)>(out, a, k, axis, s);
}
int quern_searchsorted(quern_array* out, quern_array sorted_sequence, quern_array values,
                       const char* side, quern_stream s) {
  return call<quern::searchsorted>(out, sorted_sequence, values, side, s);
}
