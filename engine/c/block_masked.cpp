#include "engine/c/block_masked.h"

#include "engine/c/adapt.h"
#include "engine/ops/block_masked.h"

using namespace quern::c;

int quern_block_masked_mm(quern_array* out, quern_array a, quern_array b, int block_size,
                          quern_array mask_out, quern_array mask_lhs, quern_array mask_rhs,
                          quern_stream s) {
  return call<quern::block_masked_mm>(out, a, b, block_size, mask_out, mask_lhs, mask_rhs, s);
}
