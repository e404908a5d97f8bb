#include "engine/c/arithmetic.h"

#include "engine/c/adapt.h"
#include "engine/ops/arithmetic.h"

using namespace quern::c;

int quern_add(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::add>(out, a, b, s);
}
int quern_subtract(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::subtract>(out, a, b, s);
}
int quern_multiply(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::multiply>(out, a, b, s);
}
int quern_divide(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::divide>(out, a, b, s);
}
int quern_floor_divide(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::floor_divide>(out, a, b, s);
}
int quern_remainder(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::remainder>(out, a, b, s);
}
int quern_power(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::power>(out, a, b, s);
}
int quern_maximum(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::maximum>(out, a, b, s);
}
int quern_minimum(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::minimum>(out, a, b, s);
}
int quern_logaddexp(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::logaddexp>(out, a, b, s);
}
int quern_arctan2(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::arctan2>(out, a, b, s);
}
int quern_divmod(quern_vector_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::divmod>(out, a, b, s);
}
