#include "engine/c/fp8.h"

#include "engine/c/adapt.h"
#include "engine/ops/fp8.h"

using namespace quern::c;

int quern_to_fp8(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::to_fp8>(out, a, s);
}
int quern_from_fp8(quern_array* out, quern_array a, quern_dtype dtype, quern_stream s) {
  return call<quern::from_fp8>(out, a, dtype, s);
}
