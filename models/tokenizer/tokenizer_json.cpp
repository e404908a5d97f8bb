#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_cursor.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/tokenizer_parts.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

using nlohmann::json;

namespace {

/// "model": the small members as a document, the large tables as the text that they are.
struct ModelMembers {
  json small = json::object();
  std::string_view vocab;
  std::string_view merges;
};

ModelMembers read_model_members(JsonCursor& cursor) {
  ModelMembers members;
  std::string_view key;
  for (bool first = true; cursor.next_member(first, key);) {
    std::string name(key);
    std::string_view value = cursor.skip_value();
    if (value == "null") continue;
    if (name == "vocab") {
      members.vocab = value;
    } else if (name == "merges") {
      members.merges = value;
    } else {
      members.small[name] = parse_json(value, in_quotes(name));
    }
  }
  return members;
}

std::vector<AddedToken> read_added_tokens(const json& file) {
  std::vector<AddedToken> tokens;
  if (!find_field(file, "added_tokens", "the file")) return tokens;
  for (const json& entry : array_field(file, "added_tokens", "the file")) {
    tokens.push_back(read_added_token(entry, integer_field(entry, "id", "an added token")));
  }
  return tokens;
}

}  // namespace

TokenizerParts read_tokenizer_json(std::string_view text, const TokenizerConfig& config) {
  if (!is_valid_utf8(text)) throw FormatError("the text is not valid UTF-8");
  JsonCursor cursor(text);
  json file = json::object();  // all members but the model
  std::optional<ModelMembers> model;
  std::string_view key;
  for (bool first = true; cursor.next_member(first, key);) {
    std::string name(key);
    if (name == "model") {
      model = read_model_members(cursor);
    } else {
      file[name] = parse_json(cursor.skip_value(), in_quotes(name));
    }
  }
  cursor.end();
  if (!model) throw FormatError("the file lacks \"model\"");

  TokenizerParts parts;
  parts.model = make_model({model->small, model->vocab, model->merges});
  parts.set_components(file);
  parts.add_tokens(read_added_tokens(file));
  parts.add_missing_tokens(config.added_tokens);
  parts.config = config;
  if (const json* post_processor = find_field(file, "post_processor", "the file")) {
    parts.post_processor = read_post_processor(*post_processor, parts.vocab_size);
  }
  return parts;
}

}  // namespace quern::models
