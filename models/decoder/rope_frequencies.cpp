#include "models/decoder/rope_frequencies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "models/error.h"

namespace quern::models {

namespace {

using Periods = std::vector<double>;

constexpr double tau = 2 * std::numbers::pi;

/// theta^(2i / dims).
Periods plain(double theta, int dims) {
  Periods out;
  for (int i = 0; i < dims; i += 2) out.push_back(std::pow(theta, double(i) / dims));
  return out;
}

/// Beyond the trained length the base grows, so that the slowest pair turns no further than it did.
Periods dynamic(const RopeSpec& rope, int length) {
  const double trained = rope.max_position_embeddings;
  const double factor = rope.config.factor;
  double theta = rope.config.theta;
  if (length > trained && rope.dims > 2) {
    theta *=
        std::pow(factor * length / trained - (factor - 1), double(rope.dims) / (rope.dims - 2));
  }
  return plain(theta, rope.dims);
}

/// A base that is larger at any length.
Periods ntk(const RopeSpec& rope) {
  const double exponent = rope.dims > 2 ? double(rope.dims) / (rope.dims - 2) : 1.0;
  return plain(rope.config.theta * std::pow(double(rope.config.factor), exponent), rope.dims);
}

/// The first pairs as if all turned; the others never do.
Periods proportional(const RopeConfig& config, Periods periods) {
  const auto turning = size_t(config.partial_rotary_factor * float(periods.size()));
  for (size_t i = 0; i < periods.size(); ++i) {
    periods[i] = i < turning ? periods[i] * config.factor : std::numeric_limits<double>::infinity();
  }
  return periods;
}

/// Slow pairs are stretched, fast ones stay, those between are blended.
Periods llama3(const RopeConfig& config, Periods periods) {
  const double trained = config.original_max_position_embeddings;
  const double low = config.low_freq_factor, high = config.high_freq_factor;
  for (double& period : periods) {
    const double turns = trained / (tau * period);
    const double kept =
        high > low ? std::clamp((turns - low) / (high - low), 0.0, 1.0) : double(turns > low);
    period = 1 / (kept / period + (1 - kept) / (config.factor * period));
  }
  return periods;
}

/// As llama3, but blended linearly over the pairs' indices.
Periods yarn(const RopeConfig& config, Periods periods) {
  const auto pairs = double(periods.size());
  const auto pair_that_turns = [&](double turns) {
    return pairs * std::log(config.original_max_position_embeddings / (turns * tau)) /
           std::log(double(config.theta));
  };
  double first = pair_that_turns(config.beta_fast), last = pair_that_turns(config.beta_slow);
  if (config.truncate) {
    first = std::floor(first);
    last = std::ceil(last);
  }
  first = std::max(first, 0.0);
  last = std::min(last, 2 * pairs - 1);
  if (last <= first) last = first + 0.001;
  for (size_t i = 0; i < periods.size(); ++i) {
    const double stretched = std::clamp((double(i) - first) / (last - first), 0.0, 1.0);
    periods[i] = 1 / ((1 - stretched) / periods[i] + stretched / (config.factor * periods[i]));
  }
  return periods;
}

Periods longrope(const RopeConfig& config, Periods periods) {
  if (config.long_factor.size() != periods.size()) {
    throw ModelError(fmt::format("[config] rope_scaling.long_factor has {} entries, needed are {}",
                                 config.long_factor.size(), periods.size()),
                     "Compare config.json with the one the model was published with.");
  }
  for (size_t i = 0; i < periods.size(); ++i) periods[i] *= config.long_factor[i];
  return periods;
}

/// YaRN's correction of the attention's temperature.
double yarn_amplitude(const RopeConfig& config) {
  if (config.attention_factor) return *config.attention_factor;
  const auto scale = [&](double weight) {
    return config.factor <= 1 ? 1.0 : 0.1 * weight * std::log(double(config.factor)) + 1;
  };
  return scale(config.mscale) / scale(config.mscale_all_dim);
}

double longrope_amplitude(const RopeConfig& config) {
  if (config.attention_factor) return *config.attention_factor;
  if (config.factor <= 1) return 1;
  return std::sqrt(1 + std::log(double(config.factor)) /
                           std::log(double(config.original_max_position_embeddings)));
}

}  // namespace

RopeFrequencies rope_frequencies(const RopeSpec& rope, int length) {
  const RopeConfig& config = rope.config;
  Periods periods = plain(config.theta, rope.dims);
  double amplitude = 1;
  switch (config.kind) {
    case RopeConfig::Kind::default_:
      break;
    case RopeConfig::Kind::linear:
      for (double& period : periods) period *= config.factor;
      break;
    case RopeConfig::Kind::dynamic:
      periods = dynamic(rope, length);
      break;
    case RopeConfig::Kind::ntk:
      periods = ntk(rope);
      break;
    case RopeConfig::Kind::proportional:
      periods = proportional(config, std::move(periods));
      break;
    case RopeConfig::Kind::llama3:
      periods = llama3(config, std::move(periods));
      break;
    case RopeConfig::Kind::yarn:
      periods = yarn(config, std::move(periods));
      amplitude = yarn_amplitude(config);
      break;
    case RopeConfig::Kind::longrope:
      periods = longrope(config, std::move(periods));
      amplitude = longrope_amplitude(config);
      break;
  }
  return {std::vector<float>(periods.begin(), periods.end()), float(amplitude)};
}

}  // namespace quern::models
