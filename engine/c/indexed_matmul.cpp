#include "engine/c/indexed_matmul.h"

#include "engine/c/adapt.h"
#include "engine/ops/indexed_matmul.h"

using namespace quern::c;

int quern_gather_mm(quern_array* out, quern_array a, quern_array b, quern_array lhs_indices,
                    quern_array rhs_indices, bool sorted_indices, quern_stream s) {
  return call<quern::gather_mm>(out, a, b, lhs_indices, rhs_indices, sorted_indices, s);
}
int quern_segmented_mm(quern_array* out, quern_array a, quern_array b, quern_array segments,
                       quern_stream s) {
  return call<quern::segmented_mm>(out, a, b, segments, s);
}
