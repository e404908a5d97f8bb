#include "models/decoder/xielu.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/unary.h"

namespace quern::models {

namespace {

array softplus(const array& x) { return logaddexp(x, array(0.0f)); }

array parameter(WeightReader& reader, const std::string& name) {
  return astype(reader.take(name, {}), float32);
}

array parameter(WeightReader& reader, const std::string& name, float when_absent) {
  return reader.has(name) ? parameter(reader, name) : array(when_absent);
}

}  // namespace

Xielu::Xielu(WeightReader& reader, const std::string& path)
    : positive_(softplus(parameter(reader, path + ".alpha_p"))),
      negative_(softplus(parameter(reader, path + ".alpha_n"))),
      beta_(parameter(reader, path + ".beta", 0.5f)),
      eps_(parameter(reader, path + ".eps", -1e-6f)) {
  negative_ = negative_ + beta_;
}

array Xielu::operator()(const array& x) const {
  const array wide = astype(x, float32);
  const array above = positive_ * square(wide);
  const array below = negative_ * (expm1(minimum(wide, eps_)) - wide);
  return astype(where(wide > array(0.0f), above, below) + beta_ * wide, x.dtype());
}

}  // namespace quern::models
