#include <nlohmann/json.hpp>

#include "models/tokenizer/bpe.h"
#include "models/tokenizer/json_cursor.h"
#include "models/tokenizer/json_fields.h"

namespace quern::models {

namespace {

constexpr const char* where = "model BPE";

/// Either form: "a b" or ["a", "b"].
void read_merges(std::string_view text, MergeRuleList& rules) {
  std::string left;
  std::string right;
  JsonCursor cursor(text);
  for (bool first = true; cursor.next_element(first);) {
    if (cursor.peek() != '[') {
      rules.add_line(cursor.string());
      continue;
    }
    cursor.expect('[');
    left = cursor.string();
    cursor.expect(',');
    right = cursor.string();
    cursor.expect(']');
    rules.add(left, right);
  }
  cursor.end();
}

}  // namespace

std::unique_ptr<TokenModel> make_bpe(const ModelSource& source) {
  BpeSettings settings;
  settings.unk_token = string_field(source.fields, "unk_token", where, "");
  settings.continuing_subword_prefix =
      string_field(source.fields, "continuing_subword_prefix", where, "");
  settings.end_of_word_suffix = string_field(source.fields, "end_of_word_suffix", where, "");
  settings.fuse_unk = bool_field(source.fields, "fuse_unk", where, false);
  settings.byte_fallback = bool_field(source.fields, "byte_fallback", where, false);
  settings.ignore_merges = bool_field(source.fields, "ignore_merges", where, false);

  Vocabulary vocabulary = read_vocabulary(source.vocab, where);
  MergeRuleList rules(vocabulary, settings.continuing_subword_prefix);
  if (!source.merges.empty()) read_merges(source.merges, rules);
  MergeRules collected = std::move(rules).rules();
  return std::make_unique<Bpe>(std::move(vocabulary), std::move(collected), std::move(settings));
}

}  // namespace quern::models
