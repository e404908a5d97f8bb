#include "models/decoder/step.h"

namespace quern::models {

std::vector<array> Step::rows(const std::vector<array>& inputs, int begin, int end) {
  std::vector<array> parts;
  for (const array& input : inputs) {
    Shape from(input.ndim(), 0), to = input.shape();
    from[1] = begin;
    to[1] = end;
    parts.push_back(slice(input, from, to));
  }
  return parts;
}

}  // namespace quern::models
