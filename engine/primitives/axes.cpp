#include "engine/primitives/axes.h"

#include "engine/ops/creation.h"

namespace quern {

std::vector<int> shifted(std::vector<int> axes, int batch) {
  for (int& axis : axes) axis += axis >= batch ? 1 : 0;
  return axes;
}

Shape inserted(Shape lengths, int axis, ShapeElem length) {
  lengths.insert(lengths.begin() + axis, length);
  return lengths;
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  if (from.size() > to.size()) return false;
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] != 1 && from[i] != to[i + to.size() - from.size()]) return false;
  }
  return true;
}

Arrays tangents_or_zeros(const Arrays& primals, const Arrays& tangents,
                         const std::vector<int>& argnums) {
  Arrays all;
  for (const array& primal : primals) all.push_back(zeros_like(primal));
  for (size_t i = 0; i < argnums.size(); ++i) all[size_t(argnums[i])] = tangents[i];
  return all;
}

}  // namespace quern
