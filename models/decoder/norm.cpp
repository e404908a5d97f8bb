#include "models/decoder/norm.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/fast.h"

namespace quern::models {

Norm::Norm(WeightReader& reader, const std::string& path, const NormSpec& spec, int size)
    : spec_(spec), weight_(reader.take(path + ".weight", {size})) {
  if (spec.kind == NormSpec::Kind::rms_plus_one)
    weight_ = add(weight_, array(1.0f, weight_.dtype()));
  if (spec.bias) bias_ = reader.take(path + ".bias", {size});
}

array Norm::operator()(const array& x) const {
  if (spec_.kind == NormSpec::Kind::layer) return fast::layer_norm(x, weight_, bias_, spec_.eps);
  return fast::rms_norm(x, weight_, spec_.eps);
}

}  // namespace quern::models
