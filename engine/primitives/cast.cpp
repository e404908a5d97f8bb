#include "engine/primitives/cast.h"

#include "engine/ops/cast.h"
#include "engine/ops/creation.h"
#include "engine/primitives/batch.h"

namespace quern {

namespace {

bool drops(const array& from, Dtype to) {
  return issubdtype(from.dtype(), inexact) && !issubdtype(to, inexact);
}

}  // namespace

std::vector<Shape> AsType::output_shapes(const Arrays& inputs) const { return {inputs[0].shape()}; }

Arrays AsType::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
                   const Arrays&) const {
  if (drops(primals[0], dtype)) return zeros_of(primals, argnums);
  return {astype(cotangents[0], primals[0].dtype())};
}

Arrays AsType::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                   const Arrays& outputs) const {
  if (drops(primals[0], dtype)) return {zeros_like(outputs[0])};
  return {astype(tangents[0], dtype)};
}

Batched AsType::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  return {{astype(inputs[0], dtype)}, axes};
}

}  // namespace quern
