#include "engine/ops/cast.h"

#include "engine/primitives/cast.h"

namespace quern {

array astype(array a, Dtype dtype, StreamOrDevice s) {
  if (a.dtype() == dtype) return a;
  Shape shape = a.shape();
  return array(std::move(shape), dtype, make_pooled<AsType>(to_stream(s), dtype), {std::move(a)});
}

}  // namespace quern
