#include <fmt/format.h>

#include <algorithm>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "models/error.h"
#include "models/weights/gguf/gguf_architecture.h"
#include "models/weights/gguf/gguf_forms.h"
#include "models/weights/gguf/gguf_model.h"

namespace quern::models {

namespace {

namespace fs = std::filesystem;

/// Tensors that say what the config says.
constexpr const char* of_config[] = {"rope_freqs.weight", "rope_factors_long.weight",
                                     "rope_factors_short.weight"};

bool is_later_part(const std::string& name) {
  const size_t of = name.rfind("-of-");
  return of != std::string::npos && of >= 6 && name.compare(of - 5, 5, "00001") != 0;
}

}  // namespace

fs::path find_gguf(const fs::path& path) {
  if (path.extension() == ".gguf") return path;
  if (!fs::is_directory(path) || fs::exists(path / "config.json")) return {};
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    // The part that sees images stands beside the model.
    if (entry.path().extension() != ".gguf" || name.find("mmproj") != std::string::npos) continue;
    if (!is_later_part(name)) found.push_back(entry.path());
  }
  if (found.size() > 1) {
    throw ModelError(
        fmt::format("[gguf] {}: holds {} models, {} and {} among them", path.string(), found.size(),
                    found[0].filename().string(), found[1].filename().string()),
        "Choose one of the files.");
  }
  return found.empty() ? fs::path() : found[0];
}

Weights weights_of_gguf(const GgufCheckpoint& checkpoint, QuantizationConfig& quantization) {
  const GgufMetadata& metadata = checkpoint.metadata();
  const std::string name = metadata.text("general.architecture").value_or("");
  const bool has_experts = metadata.integer(name + ".expert_count").value_or(0) > 0;
  const GgufArchitecture* architecture = find_gguf_architecture(name, has_experts);
  if (!architecture) metadata.fail("general.architecture", "is not known");
  Weights weights;
  for (const std::string& tensor : checkpoint.names()) {
    if (std::find(std::begin(of_config), std::end(of_config), tensor) != std::end(of_config))
      continue;
    checkpoint.add_to(weights, quantization, tensor, published_name(*architecture, tensor));
  }
  const auto count = [&](const char* key) {
    const std::string full = fmt::format("{}.attention.{}", name, key);
    return int(metadata.integer(full).value_or(0));
  };
  const int heads = count("head_count");
  const int key_value_heads = count("head_count_kv");
  from_gguf_forms(*architecture, heads, key_value_heads > 0 ? key_value_heads : heads, weights);
  return weights;
}

GgufVocabulary vocabulary_of_gguf(const GgufMetadata& metadata) {
  const auto key = [](const char* name) { return fmt::format("tokenizer.ggml.{}", name); };
  GgufVocabulary v;
  v.model = metadata.text(key("model")).value_or("");
  v.pre = metadata.text(key("pre")).value_or("");
  v.tokens = metadata.texts(key("tokens"));
  v.scores = metadata.numbers(key("scores"));
  v.token_types = metadata.integers(key("token_type"));
  v.merges = metadata.texts(key("merges"));
  v.bos_token_id = metadata.integer(key("bos_token_id"));
  v.eos_token_id = metadata.integer(key("eos_token_id"));
  v.eot_token_id = metadata.integer(key("eot_token_id"));
  v.eom_token_id = metadata.integer(key("eom_token_id"));
  v.unknown_token_id = metadata.integer(key("unknown_token_id"));
  v.separator_token_id = metadata.integer(key("seperator_token_id"));
  v.padding_token_id = metadata.integer(key("padding_token_id"));
  v.cls_token_id = metadata.integer(key("cls_token_id"));
  v.mask_token_id = metadata.integer(key("mask_token_id"));
  v.add_bos_token = metadata.boolean(key("add_bos_token"));
  v.add_eos_token = metadata.boolean(key("add_eos_token"));
  v.add_sep_token = metadata.boolean(key("add_sep_token"));
  v.add_space_prefix = metadata.boolean(key("add_space_prefix"));
  v.remove_extra_whitespaces = metadata.boolean(key("remove_extra_whitespaces"));
  v.normalizer_lowercase = metadata.boolean(key("normalizer.lowercase"));
  v.normalizer_strip_accents = metadata.boolean(key("normalizer.strip_accents"));
  v.precompiled_charsmap = metadata.bytes(key("precompiled_charsmap"));
  v.chat_template = metadata.text("tokenizer.chat_template").value_or("");
  return v;
}

}  // namespace quern::models
