#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "models/edit_distance.h"
#include "models/error.h"
#include "models/families/family.h"

namespace quern::models {

namespace {

constexpr Family known_families[] = {
    {"apertus", "Apertus", describe_apertus},
    {"arcee", "Arcee", describe_arcee},
    {"bitnet", "BitNet", describe_bitnet},
    {"cohere", "Cohere", describe_cohere},
    {"cohere2", "Cohere2", describe_cohere2},
    {"deepseek_v2", "DeepSeek-V2", describe_deepseek_v2},
    {"deepseek_v3", "DeepSeek-V3", describe_deepseek_v3},
    {"dots1", "dots.llm1", describe_dots1},
    {"ernie4_5", "ERNIE 4.5", describe_ernie4_5},
    {"ernie4_5_moe", "ERNIE 4.5 MoE", describe_ernie4_5_moe},
    {"exaone", "EXAONE 3", describe_exaone},
    {"exaone4", "EXAONE 4", describe_exaone4},
    {"falcon_h1", "Falcon-H1", describe_falcon_h1},
    {"falcon_mamba", "Falcon Mamba", describe_falcon_mamba},
    {"gemma", "Gemma", describe_gemma},
    {"gemma2", "Gemma 2", describe_gemma2},
    {"gemma3", "Gemma 3", describe_gemma3},
    {"gemma3_text", "Gemma 3", describe_gemma3},
    {"gemma3n", "Gemma 3n", describe_gemma3n},
    {"gemma3n_text", "Gemma 3n", describe_gemma3n},
    {"gemma4", "Gemma 4", describe_gemma4},
    {"gemma4_text", "Gemma 4", describe_gemma4},
    {"gemma4_unified", "Gemma 4", describe_gemma4},
    {"glm", "GLM-4", describe_glm},
    {"glm4", "GLM-4-0414", describe_glm4},
    {"glm4_moe", "GLM-4.5", describe_glm4_moe},
    {"gpt2", "GPT-2", describe_gpt2},
    {"gpt_bigcode", "StarCoder", describe_gpt_bigcode},
    {"gpt_neox", "GPT-NeoX", describe_gpt_neox},
    {"gpt_oss", "gpt-oss", describe_gpt_oss},
    {"granite", "Granite", describe_granite},
    {"granitemoe", "Granite MoE", describe_granitemoe},
    {"granitemoehybrid", "Granite 4", describe_granitemoehybrid},
    {"granitemoeshared", "Granite MoE", describe_granitemoe},
    {"helium", "Helium", describe_helium},
    {"hf_olmo", "OLMo", describe_olmo},
    {"hunyuan_v1_dense", "Hunyuan", describe_hunyuan_v1_dense},
    {"internlm2", "InternLM2", describe_internlm2},
    {"internlm3", "InternLM3", describe_internlm3},
    {"iquestcoder", "IQuest-Coder", describe_llama},
    {"jamba", "Jamba", describe_jamba},
    {"joyai_llm_flash", "JoyAI", describe_deepseek_v3},
    {"kimi_k2", "Kimi K2", describe_deepseek_v3},
    {"lfm2", "LFM2", describe_lfm2},
    {"lfm2_moe", "LFM2 MoE", describe_lfm2_moe},
    {"llama", "Llama", describe_llama},
    {"llama4", "Llama 4", describe_llama4},
    {"llama4_text", "Llama 4", describe_llama4},
    {"llava", "LLaVA", describe_llama},
    {"mamba", "Mamba", describe_mamba},
    {"mamba2", "Mamba 2", describe_mamba2},
    {"mimo", "MiMo", describe_mimo},
    {"minicpm", "MiniCPM", describe_minicpm},
    {"minicpm3", "MiniCPM3", describe_minicpm3},
    {"minimax", "MiniMax-M2", describe_minimax_m2},
    {"minimax_m2", "MiniMax-M2", describe_minimax_m2},
    {"ministral3", "Ministral 3", describe_ministral3},
    {"mistral", "Mistral", describe_mistral},
    {"mistral3", "Mistral 3", describe_mistral},
    {"mixtral", "Mixtral", describe_mixtral},
    {"nemotron", "Nemotron", describe_nemotron},
    {"nemotron_h", "Nemotron-H", describe_nemotron_h},
    {"olmo", "OLMo", describe_olmo},
    {"olmo2", "OLMo 2", describe_olmo2},
    {"olmo3", "OLMo 3", describe_olmo3},
    {"olmoe", "OLMoE", describe_olmoe},
    {"openelm", "OpenELM", describe_openelm},
    {"phi", "Phi", describe_phi},
    {"phi3", "Phi-3", describe_phi3},
    {"phi3_v", "Phi-3", describe_phi3},
    {"phimoe", "Phi MoE", describe_phimoe},
    {"qwen", "Qwen", describe_qwen},
    {"qwen2", "Qwen2", describe_qwen2},
    {"qwen2_5_vl", "Qwen2.5-VL", describe_qwen2},
    {"qwen2_5_vl_text", "Qwen2.5-VL", describe_qwen2},
    {"qwen2_moe", "Qwen2 MoE", describe_qwen2_moe},
    {"qwen2_vl", "Qwen2-VL", describe_qwen2},
    {"qwen2_vl_text", "Qwen2-VL", describe_qwen2},
    {"qwen3", "Qwen3", describe_qwen3},
    {"qwen3_5", "Qwen3.5", describe_qwen3_5},
    {"qwen3_5_moe", "Qwen3.5 MoE", describe_qwen3_5},
    {"qwen3_5_moe_text", "Qwen3.5 MoE", describe_qwen3_5},
    {"qwen3_5_text", "Qwen3.5", describe_qwen3_5},
    {"qwen3_moe", "Qwen3 MoE", describe_qwen3_moe},
    {"qwen3_next", "Qwen3-Next", describe_qwen3_next},
    {"qwen3_vl", "Qwen3-VL", describe_qwen3},
    {"qwen3_vl_moe", "Qwen3-VL MoE", describe_qwen3_moe},
    {"qwen3_vl_moe_text", "Qwen3-VL MoE", describe_qwen3_moe},
    {"qwen3_vl_text", "Qwen3-VL", describe_qwen3},
    {"seed_oss", "Seed-OSS", describe_seed_oss},
    {"smollm3", "SmolLM3", describe_smollm3},
    {"stablelm", "StableLM", describe_stablelm},
    {"starcoder2", "StarCoder2", describe_starcoder2},
    {"telechat3", "TeleChat3", describe_llama},
};

}  // namespace

std::span<const Family> families() { return known_families; }

const Family& find_family(const ModelConfig& config) {
  const std::string_view type = config.model_type;
  for (const Family& family : known_families) {
    if (family.model_type == type) return family;
  }
  const Family& nearest = *std::min_element(
      std::begin(known_families), std::end(known_families), [&](const Family& a, const Family& b) {
        return edit_distance(a.model_type, type) < edit_distance(b.model_type, type);
      });
  throw ModelError(
      fmt::format("[config] {}: model_type \"{}\" is not among the {} families that can run; the "
                  "nearest is \"{}\"",
                  config.file, type, std::size(known_families), nearest.model_type),
      "Update Quern, or choose a model of another family.");
}

}  // namespace quern::models
