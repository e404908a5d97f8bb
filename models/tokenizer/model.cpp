#include "models/tokenizer/model.h"

#include <nlohmann/json.hpp>

#include "models/tokenizer/component.h"
#include "models/tokenizer/json_cursor.h"
#include "models/tokenizer/json_fields.h"

namespace quern::models {

namespace {

constexpr ComponentType<TokenModel, ModelSource> types[] = {
    {"BPE", make_bpe},
    {"Unigram", make_unigram},
    {"WordPiece", make_word_piece},
    {"WordLevel", make_word_level},
};

/// The oldest files name no type; only byte-pair encodings are that old and have merges.
std::string type_of(const ModelSource& source) {
  if (source.merges.empty()) return string_field(source.fields, "type", "\"model\"");
  return string_field(source.fields, "type", "\"model\"", "BPE");
}

}  // namespace

Vocabulary read_vocabulary(std::string_view text, std::string_view where) {
  if (text.empty()) throw FormatError(fmt::format("{} lacks \"vocab\"", where));
  Vocabulary vocabulary;
  constexpr size_t typical_entry = 16;  // bytes of JSON
  vocabulary.reserve(text.size() / typical_entry, text.size() / 2);
  JsonCursor cursor(text);
  std::string_view token;
  for (bool first = true; cursor.next_member(first, token);) {
    vocabulary.add(token, cursor.integer());
  }
  cursor.end();
  return vocabulary;
}

std::unique_ptr<TokenModel> make_model(const ModelSource& source) {
  return make_component(types, "model", type_of(source), source);
}

}  // namespace quern::models
