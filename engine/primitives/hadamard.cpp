#include "engine/primitives/hadamard.h"

#include "engine/primitives/batch.h"

namespace quern {

int hadamard_factor(int n) {
  if (n < 1) return 0;
  int odd = n, twos = 0;
  for (; odd % 2 == 0; odd /= 2) ++twos;
  if (odd == 1) return 1;
  const bool known = (odd == 3 || odd == 5 || odd == 7) && twos >= 2;
  return known ? 4 * odd : 0;
}

Arrays Hadamard::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
                     const Arrays&) const {
  const array& c = cotangents[0];
  return {array(c.shape(), c.dtype(), make_pooled<Hadamard>(stream(), scale, !transposed), {c})};
}

Arrays Hadamard::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                     const Arrays&) const {
  const array& t = tangents[0];
  return {array(t.shape(), t.dtype(), shared_from_this(), {t})};
}

Batched Hadamard::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  const array a = batch_first(inputs, axes)[0];
  return {{array(a.shape(), a.dtype(), shared_from_this(), {a})}, {0}};
}

}  // namespace quern
