#include "models/decoder/norm.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/fast.h"

namespace quern::models {

namespace {

using Kind = NormSpec::Kind;

bool has_weight(Kind kind) {
  return kind != Kind::rms_unweighted && kind != Kind::layer_unweighted;
}

bool is_layer_norm(Kind kind) {
  return kind == Kind::layer || kind == Kind::layer_plus_one || kind == Kind::layer_unweighted;
}

array read_weight(WeightReader& reader, const std::string& path, const NormSpec& spec,
                  const Shape& shape) {
  const array weight = reader.take(path + ".weight", shape);
  if (spec.kind != Kind::rms_plus_one && spec.kind != Kind::layer_plus_one) return weight;
  return add(weight, array(1.0f, weight.dtype()));
}

}  // namespace

Norm::Norm(WeightReader& reader, const std::string& path, const NormSpec& spec, int size)
    : spec_(spec) {
  if (has_weight(spec.kind)) weight_ = read_weight(reader, path, spec, {size});
  if (spec.bias) bias_ = reader.take(path + ".bias", {size});
}

Norm::Norm(WeightReader& reader, const std::string& path, const NormSpec& spec, int groups,
           int size)
    : spec_(spec), weight_(read_weight(reader, path, spec, {groups, size})), grouped_(true) {
  if (spec.bias) bias_ = reader.take(path + ".bias", {groups, size});
}

array Norm::operator()(const array& x) const {
  const bool layer = is_layer_norm(spec_.kind);
  if (!grouped_) {
    return layer ? fast::layer_norm(x, weight_, bias_, spec_.eps)
                 : fast::rms_norm(x, weight_, spec_.eps);
  }
  const array plain = layer ? fast::layer_norm(x, std::nullopt, std::nullopt, spec_.eps)
                            : fast::rms_norm(x, std::nullopt, spec_.eps);
  const array weighted = multiply(plain, *weight_);
  return bias_ ? add(weighted, *bias_) : weighted;
}

}  // namespace quern::models
