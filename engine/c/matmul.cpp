#include "engine/c/matmul.h"

#include "engine/c/adapt.h"
#include "engine/ops/matmul.h"

using namespace quern::c;

int quern_matmul(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::matmul>(out, a, b, s);
}
int quern_addmm(quern_array* out, quern_array c, quern_array a, quern_array b, float alpha,
                float beta, quern_stream s) {
  return call<quern::addmm>(out, c, a, b, alpha, beta, s);
}
