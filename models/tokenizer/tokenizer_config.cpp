#include "models/tokenizer/tokenizer_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "models/tokenizer/format_error.h"
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

void fill_flag(const json& file, const char* name, std::optional<bool>& flag) {
  if (!flag && find_field(file, name, where)) flag = bool_field(file, name, where, false);
}

std::vector<AddedToken> added_tokens(const json& file) {
  std::vector<AddedToken> tokens;
  const json* decoder = find_field(file, "added_tokens_decoder", where);
  if (!decoder) return tokens;
  if (!decoder->is_object()) {
    throw FormatError(fmt::format("{}: \"added_tokens_decoder\" is {} where an object belongs",
                                  where, decoder->type_name()));
  }
  for (const auto& [key, entry] : decoder->items()) {
    int64_t id = 0;
    auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size()) {
      throw FormatError(
          fmt::format("{}: \"added_tokens_decoder\" has the id {}", where, in_quotes(key)));
    }
    tokens.push_back(read_added_token(entry, id));
  }
  std::sort(tokens.begin(), tokens.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  return tokens;
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
  fill(config.tokenizer_class, string_field(file, "tokenizer_class", where, ""));
  fill_flag(file, "add_bos_token", config.add_bos_token);
  fill_flag(file, "add_eos_token", config.add_eos_token);
  fill_flag(file, "add_prefix_space", config.add_prefix_space);
  fill_flag(file, "do_lower_case", config.do_lower_case);
  fill_flag(file, "legacy", config.legacy);
  if (config.added_tokens.empty()) config.added_tokens = added_tokens(file);
}

}  // namespace quern::models
