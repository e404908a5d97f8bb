#include "engine/c/einsum.h"

#include "engine/c/adapt.h"
#include "engine/ops/einsum.h"

using namespace quern::c;

int quern_einsum(quern_array* out, const char* subscripts, quern_vector_array operands,
                 quern_stream s) {
  return call<quern::einsum>(out, subscripts, operands, s);
}

int quern_einsum_path(quern_string* out, const char* subscripts, quern_vector_array operands) {
  return guard([&] { store(out, quern::einsum_path(&deref(subscripts), get(operands)).second); });
}
