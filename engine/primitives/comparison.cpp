#include "engine/primitives/comparison.h"

#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"

namespace quern {

Arrays Select::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
                   const Arrays&) const {
  const array &condition = primals[0], &c = cotangents[0], zero = array(0, c.dtype());
  Arrays gradients;
  for (const int i : argnums) {
    if (i == 0)
      gradients.push_back(zeros_like(condition));
    else
      gradients.push_back(i == 1 ? where(condition, c, zero) : where(condition, zero, c));
  }
  return gradients;
}

Arrays Select::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                   const Arrays& outputs) const {
  array of_x = zeros_like(outputs[0]), of_y = of_x;
  for (size_t i = 0; i < argnums.size(); ++i) {
    if (argnums[i] == 1) of_x = tangents[i];
    if (argnums[i] == 2) of_y = tangents[i];
  }
  return {where(primals[0], of_x, of_y)};
}

}  // namespace quern
