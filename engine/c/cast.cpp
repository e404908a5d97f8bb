#include "engine/c/cast.h"

#include "engine/c/adapt.h"
#include "engine/ops/cast.h"

using namespace quern::c;

int quern_astype(quern_array* out, quern_array a, quern_dtype dtype, quern_stream s) {
  return call<quern::astype>(out, a, dtype, s);
}
