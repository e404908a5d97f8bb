#pragma once

#include <string>

#include "engine/graph/eval.h"
#include "engine/io/gguf.h"
#include "models/tokenizer/gguf_vocabulary.h"

namespace quern::models::tests {

/// The vocabulary in a GGUF file's metadata.
inline GgufVocabulary vocabulary_in(const std::string& file) {
  auto metadata = load_gguf(file).second;
  auto find = [&](const std::string& key) -> GGUFMetaData* {
    auto found = metadata.find("tokenizer." + key);
    return found == metadata.end() ? nullptr : &found->second;
  };
  auto text = [&](const std::string& key) {
    GGUFMetaData* value = find(key);
    return value ? std::get<std::string>(*value) : std::string();
  };
  auto texts = [&](const std::string& key) {
    GGUFMetaData* value = find(key);
    return value ? std::get<std::vector<std::string>>(*value) : std::vector<std::string>();
  };
  auto fill = [&](const char* key, auto& target) {
    GGUFMetaData* value = find(std::string("ggml.") + key);
    if (!value) return;
    target = std::get<array>(*value).item<int64_t>();
  };
  GgufVocabulary vocabulary;
  vocabulary.model = text("ggml.model");
  vocabulary.pre = text("ggml.pre");
  vocabulary.tokens = texts("ggml.tokens");
  vocabulary.merges = texts("ggml.merges");
  vocabulary.chat_template = text("chat_template");
  if (GGUFMetaData* value = find("ggml.scores")) {
    array scores = std::get<array>(*value);
    eval(scores);
    vocabulary.scores.assign(scores.data<float>(), scores.data<float>() + scores.size());
  }
  if (GGUFMetaData* value = find("ggml.token_type")) {
    array types = std::get<array>(*value);
    eval(types);
    vocabulary.token_types.assign(types.data<int32_t>(), types.data<int32_t>() + types.size());
  }
  fill("bos_token_id", vocabulary.bos_token_id);
  fill("eos_token_id", vocabulary.eos_token_id);
  fill("unknown_token_id", vocabulary.unknown_token_id);
  fill("seperator_token_id", vocabulary.separator_token_id);
  fill("padding_token_id", vocabulary.padding_token_id);
  fill("cls_token_id", vocabulary.cls_token_id);
  fill("add_bos_token", vocabulary.add_bos_token);
  fill("add_eos_token", vocabulary.add_eos_token);
  fill("add_space_prefix", vocabulary.add_space_prefix);
  return vocabulary;
}

}  // namespace quern::models::tests
