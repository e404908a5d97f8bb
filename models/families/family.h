#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "models/config/model_config.h"
#include "models/decoder/decoder_spec.h"

namespace quern::models {

/// A family of models: what its config.json means. Each has one file here and one row in the table
/// of families.cpp.
struct Family {
  std::string_view model_type;  ///< as config.json spells it
  std::string_view name;        ///< for people
  DecoderSpec (*describe)(const ModelConfig& config);
};

std::span<const Family> families();

/// What leads from a multimodal checkpoint to the weights of its text part, under the names of a
/// text model.
const WeightRules& text_part_rules();

/// The family of a config, by its model_type. Throws ModelError naming the nearest known one.
const Family& find_family(const ModelConfig& config);

DecoderSpec describe_apertus(const ModelConfig& config);
DecoderSpec describe_arcee(const ModelConfig& config);
DecoderSpec describe_bitnet(const ModelConfig& config);
DecoderSpec describe_cohere(const ModelConfig& config);
DecoderSpec describe_cohere2(const ModelConfig& config);
DecoderSpec describe_deepseek_v2(const ModelConfig& config);
DecoderSpec describe_deepseek_v3(const ModelConfig& config);
DecoderSpec describe_dots1(const ModelConfig& config);
DecoderSpec describe_ernie4_5(const ModelConfig& config);
DecoderSpec describe_ernie4_5_moe(const ModelConfig& config);
DecoderSpec describe_exaone(const ModelConfig& config);
DecoderSpec describe_exaone4(const ModelConfig& config);
DecoderSpec describe_falcon_h1(const ModelConfig& config);
DecoderSpec describe_falcon_mamba(const ModelConfig& config);
DecoderSpec describe_gemma(const ModelConfig& config);
DecoderSpec describe_gemma2(const ModelConfig& config);
DecoderSpec describe_gemma3(const ModelConfig& config);
DecoderSpec describe_gemma3n(const ModelConfig& config);
DecoderSpec describe_gemma4(const ModelConfig& config);
DecoderSpec describe_glm(const ModelConfig& config);
DecoderSpec describe_glm4(const ModelConfig& config);
DecoderSpec describe_glm4_moe(const ModelConfig& config);
DecoderSpec describe_gpt2(const ModelConfig& config);
DecoderSpec describe_gpt_bigcode(const ModelConfig& config);
DecoderSpec describe_gpt_neox(const ModelConfig& config);
DecoderSpec describe_gpt_oss(const ModelConfig& config);
DecoderSpec describe_granite(const ModelConfig& config);
DecoderSpec describe_granitemoe(const ModelConfig& config);
DecoderSpec describe_granitemoehybrid(const ModelConfig& config);
DecoderSpec describe_helium(const ModelConfig& config);
DecoderSpec describe_hunyuan_v1_dense(const ModelConfig& config);
DecoderSpec describe_internlm2(const ModelConfig& config);
DecoderSpec describe_internlm3(const ModelConfig& config);
DecoderSpec describe_jamba(const ModelConfig& config);
DecoderSpec describe_lfm2(const ModelConfig& config);
DecoderSpec describe_lfm2_moe(const ModelConfig& config);
DecoderSpec describe_llama(const ModelConfig& config);
DecoderSpec describe_llama4(const ModelConfig& config);
DecoderSpec describe_mamba(const ModelConfig& config);
DecoderSpec describe_mamba2(const ModelConfig& config);
DecoderSpec describe_mimo(const ModelConfig& config);
DecoderSpec describe_minicpm(const ModelConfig& config);
DecoderSpec describe_minicpm3(const ModelConfig& config);
DecoderSpec describe_minimax_m2(const ModelConfig& config);
DecoderSpec describe_ministral3(const ModelConfig& config);
DecoderSpec describe_mistral(const ModelConfig& config);
DecoderSpec describe_mixtral(const ModelConfig& config);
DecoderSpec describe_nemotron(const ModelConfig& config);
DecoderSpec describe_nemotron_h(const ModelConfig& config);
DecoderSpec describe_olmo(const ModelConfig& config);
DecoderSpec describe_olmo2(const ModelConfig& config);
DecoderSpec describe_olmo3(const ModelConfig& config);
DecoderSpec describe_olmoe(const ModelConfig& config);
DecoderSpec describe_openelm(const ModelConfig& config);
DecoderSpec describe_phi(const ModelConfig& config);
DecoderSpec describe_phi3(const ModelConfig& config);
DecoderSpec describe_phimoe(const ModelConfig& config);
DecoderSpec describe_qwen(const ModelConfig& config);
DecoderSpec describe_qwen2(const ModelConfig& config);
DecoderSpec describe_qwen2_moe(const ModelConfig& config);
DecoderSpec describe_qwen3(const ModelConfig& config);
DecoderSpec describe_qwen3_5(const ModelConfig& config);
DecoderSpec describe_qwen3_moe(const ModelConfig& config);
DecoderSpec describe_qwen3_next(const ModelConfig& config);
DecoderSpec describe_seed_oss(const ModelConfig& config);
DecoderSpec describe_smollm3(const ModelConfig& config);
DecoderSpec describe_stablelm(const ModelConfig& config);
DecoderSpec describe_starcoder2(const ModelConfig& config);

}  // namespace quern::models
