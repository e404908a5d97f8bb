#include "models/training/initial_weights.h"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "engine/ops/creation.h"
#include "engine/ops/random.h"
#include "models/decoder/transformer.h"
#include "models/error.h"

namespace quern::models {

namespace {

/// A number for each name and seed (FNV-1a), so that a tensor's values depend on no other tensor.
uint64_t seed_of(const std::string& name, uint64_t seed) {
  uint64_t hash = 0xcbf29ce484222325u ^ seed;
  for (const char c : name) hash = (hash ^ uint8_t(c)) * 0x100000001b3u;
  return hash;
}

/// The last parts of the names of projections whose result is added to the residual stream.
std::set<std::string> residual_projections(const ModelFiles& files) {
  std::set<std::string> names;
  for (const LayerSpec& layer : files.spec.layers) {
    const auto* attention = std::get_if<AttentionSpec>(&layer.mixer);
    const auto* mlp = std::get_if<MlpSpec>(&layer.feed_forward);
    const auto* moe = std::get_if<MoeSpec>(&layer.feed_forward);
    if (!attention || (!mlp && !moe)) {
      throw ModelError(
          fmt::format("[train] {}: {} has layers that are more than attention and MLPs",
                      files.path.string(), files.family),
          "Train a family like llama or qwen3 from scratch, or fine-tune this one.");
    }
    names.insert(attention->output);
    names.insert(mlp ? mlp->down : moe->expert.down);
  }
  return names;
}

bool is_plus_one(const NormSpec& norm) {
  return norm.kind == NormSpec::Kind::rms_plus_one || norm.kind == NormSpec::Kind::layer_plus_one;
}

}  // namespace

Weights initial_weights(const ModelFiles& files, uint64_t seed) {
  const std::set<std::string> residual = residual_projections(files);
  const float deviation = files.config.reader().number("initializer_range", {1e-6f, 10.0f}, 0.02f);
  const float smaller = deviation / std::sqrt(2.0f * float(files.spec.layers.size()));
  const array neutral(is_plus_one(files.spec.norm) ? 0.0f : 1.0f);

  Weights made;
  const Weights none;
  WeightReader reader(none, {}, float32, files.path.string());
  reader.set_initializer([&](const std::string& name, const Shape& shape) {
    const auto make = [&] {
      if (name.ends_with(".bias")) return zeros(shape, float32);
      if (shape.size() < 2) return full(shape, neutral);
      const std::string module = name.substr(0, name.rfind('.'));
      const bool writes = residual.contains(module.substr(module.rfind('.') + 1));
      return random::normal(shape, float32, 0.0f, writes ? smaller : deviation,
                            random::key(seed_of(name, seed)));
    };
    return made.emplace(name, make()).first->second;
  });
  const Transformer all(reader, files.spec);
  return made;
}

}  // namespace quern::models
