#include "models/decoder/linear.h"

namespace quern::models {

Linear::Linear(WeightReader& reader, const std::string& path, int out, int in, bool bias)
    : weight_(WeightMatrix::load(reader, path, out, in)) {
  if (bias) bias_ = reader.take(path + ".bias", {out});
}

std::vector<array> Linear::apply_all(const array& x, const std::vector<const Linear*>& layers) {
  std::vector<WeightMatrix::Projection> projections;
  for (const Linear* layer : layers)
    projections.push_back({&layer->weight_, layer->bias_ ? &*layer->bias_ : nullptr});
  return WeightMatrix::project_all(x, projections);
}

}  // namespace quern::models
