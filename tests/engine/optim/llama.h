#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/quern.h"

namespace quern::tests {

/// y = linear(x) + scale (x A) B; with a magnitude m (DoRA), times m over the norms of the adapted
/// weight's rows, which count as constants.
class AdaptedLinear final : public nn::Layer {
 public:
  AdaptedLinear(std::shared_ptr<nn::Layer> linear, const Shape& weight_shape, int rank, float scale,
                bool with_magnitude);
  array operator()(const array& x) override;

 private:
  nn::Child<nn::Layer> linear_;
  nn::Parameter lora_a_, lora_b_;
  std::optional<nn::Parameter> m_;
  float scale_;
};

/// A decoder of the families llama and qwen3, after its config.json: as little as reproduces the
/// training fixtures.
class Llama final : public nn::Module {
 public:
  explicit Llama(const nlohmann::json& config);
  ~Llama() override;

  /// tokens: [B, T] -> logits [B, T, vocabulary]
  array operator()(const array& tokens);

  /// Puts adapters over the linear layers that an adapter_config.json names, and freezes the rest.
  void adapt(const nlohmann::json& config);

 private:
  class Attention;
  class Mlp;
  class Block;
  class Decoder;

  nn::Child<Decoder> model_;
  std::optional<nn::Child<nn::Layer>> lm_head_;
};

}  // namespace quern::tests
