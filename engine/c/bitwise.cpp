#include "engine/c/bitwise.h"

#include "engine/c/adapt.h"
#include "engine/ops/bitwise.h"

using namespace quern::c;

int quern_bitwise_and(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::bitwise_and>(out, a, b, s);
}
int quern_bitwise_or(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::bitwise_or>(out, a, b, s);
}
int quern_bitwise_xor(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::bitwise_xor>(out, a, b, s);
}
int quern_left_shift(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::left_shift>(out, a, b, s);
}
int quern_right_shift(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::right_shift>(out, a, b, s);
}
int quern_bitwise_invert(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::bitwise_invert>(out, a, s);
}
