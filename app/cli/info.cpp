#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "app/cli/arguments.h"
#include "app/cli/verb.h"
#include "models/error.h"
#include "models/families/family.h"
#include "models/weights/checkpoint.h"

namespace quern::cli {

namespace {

using models::Checkpoint;
using models::ModelConfig;

constexpr int default_context = 4096;

struct Info {
  std::string model;
  int context = 0;  ///< 0: the default, or all that the model has if that is less

  int run(Output& output) const;
};

struct Weights {
  uint64_t parameters = 0;
  uint64_t bytes = 0;

  double bits_per_weight() const {
    return parameters > 0 ? 8.0 * double(bytes) / double(parameters) : 0;
  }
};

/// What a quantized module's name has before ".scales", or empty.
std::string_view quantized_module(std::string_view name) {
  constexpr std::string_view suffix = ".scales";
  return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : std::string_view();
}

/// Packed weights count as what they stand for; scales and offsets are part of how they are stored.
Weights count_weights(const Checkpoint& checkpoint, const ModelConfig& config) {
  Weights weights;
  weights.bytes = checkpoint.nbytes();
  for (const std::string& name : checkpoint.names()) {
    weights.parameters += element_count(checkpoint.find(name)->shape);
  }
  for (const std::string& name : checkpoint.names()) {
    const std::string module(quantized_module(name));
    const auto* packed = checkpoint.find(module + ".weight");
    const auto quantization = config.quantization.of(module);
    if (module.empty() || packed == nullptr || !quantization) continue;
    const uint64_t elements = element_count(packed->shape);
    weights.parameters += elements * 32 / uint64_t(quantization->bits) - elements;
    for (const char* part : {".scales", ".biases"}) {
      if (const auto* tensor = checkpoint.find(module + part)) {
        weights.parameters -= element_count(tensor->shape);
      }
    }
  }
  return weights;
}

/// Bytes of 16-bit keys and values of this many tokens.
uint64_t cache_bytes(const ModelConfig& config, int tokens) {
  uint64_t bytes = 0;
  for (int layer = 0; layer < config.num_hidden_layers; ++layer) {
    const bool typed = size_t(layer) < config.layer_types.size();
    const bool sliding = config.sliding_window &&
                         (!typed || config.layer_types[size_t(layer)] == "sliding_attention");
    const int kept = sliding ? std::min(tokens, *config.sliding_window) : tokens;
    bytes +=
        uint64_t(kept) * uint64_t(config.num_key_value_heads) * uint64_t(config.head_dim) * 2 * 2;
  }
  return bytes;
}

int Info::run(Output& output) const {
  const auto folder = model_folder(model);
  const ModelConfig config = ModelConfig::load(folder);
  const Weights weights = count_weights(Checkpoint::open(folder), config);
  const std::string_view family = models::find_family(config).name;
  const int longest = config.max_position_embeddings;
  const int tokens = context > 0   ? context
                     : longest > 0 ? std::min(longest, default_context)
                                   : default_context;
  const uint64_t cache = cache_bytes(config, tokens);

  if (output.json()) {
    output.object({{"model_type", config.model_type},
                   {"family", family},
                   {"parameters", weights.parameters},
                   {"bits_per_weight", weights.bits_per_weight()},
                   {"layers", config.num_hidden_layers},
                   {"hidden_size", config.hidden_size},
                   {"vocab_size", config.vocab_size},
                   {"max_context", longest},
                   {"context", tokens},
                   {"weight_bytes", weights.bytes},
                   {"cache_bytes", cache},
                   {"memory", weights.bytes + cache}});
    return done;
  }
  const auto megabytes = [](uint64_t bytes) {
    return fmt::format("{:.1f} MB", double(bytes) / 1e6);
  };
  output.text(fmt::format("Family           {} ({})\n", family, config.model_type));
  output.text(fmt::format("Parameters       {:.2f} million\n", double(weights.parameters) / 1e6));
  output.text(fmt::format("Bits per weight  {:.2f}\n", weights.bits_per_weight()));
  output.text(fmt::format("Layers           {} of width {}\n", config.num_hidden_layers,
                          config.hidden_size));
  output.text(fmt::format("Vocabulary       {} tokens\n", config.vocab_size));
  output.text(fmt::format("Context          at most {} tokens\n", longest));
  output.text(fmt::format("Memory           {} for {} tokens: {} weights, {} cache\n",
                          megabytes(weights.bytes + cache), tokens, megabytes(weights.bytes),
                          megabytes(cache)));
  return done;
}

}  // namespace

Action add_info(CLI::App& command) {
  const auto verb = std::make_shared<Info>();
  add_model(command, verb->model);
  command.add_option("--context", verb->context, "Tokens to count memory for")
      ->check(CLI::PositiveNumber);
  return [verb](Output& output) { return verb->run(output); };
}

}  // namespace quern::cli
