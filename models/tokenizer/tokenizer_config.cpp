#include "models/tokenizer/tokenizer_config.h"

#include <nlohmann/json.hpp>

#include "models/tokenizer/json_fields.h"

namespace quern::models {

using nlohmann::json;

namespace {

constexpr const char* where = "the file";

std::string token_text(const json& file, const char* name) {
  const json* token = find_field(file, name, where);
  if (token && token->is_object()) return string_field(*token, "content", name, "");
  return string_field(file, name, where, "");
}

std::string template_text(const json& file) {
  const json* field = find_field(file, "chat_template", where);
  if (!field || !field->is_array()) return string_field(file, "chat_template", where, "");
  for (const json& entry : *field) {
    if (string_field(entry, "name", "chat_template", "") == "default") {
      return string_field(entry, "template", "chat_template");
    }
  }
  return "";
}

}  // namespace

void read_tokenizer_config(std::string_view text, TokenizerConfig& config) {
  const json file = parse_json(text, "the text");
  auto fill = [](std::string& target, std::string value) {
    if (target.empty()) target = std::move(value);
  };
  fill(config.bos_token, token_text(file, "bos_token"));
  fill(config.eos_token, token_text(file, "eos_token"));
  fill(config.unk_token, token_text(file, "unk_token"));
  fill(config.pad_token, token_text(file, "pad_token"));
  fill(config.chat_template, template_text(file));
}

}  // namespace quern::models
