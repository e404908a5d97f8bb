#include "engine/c/hadamard.h"

#include "engine/c/adapt.h"
#include "engine/ops/hadamard.h"

using namespace quern::c;

int quern_hadamard_transform(quern_array* out, quern_array a, quern_optional_float scale,
                             quern_stream s) {
  return call<quern::hadamard_transform>(out, a, scale, s);
}
