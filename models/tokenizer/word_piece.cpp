#include "models/tokenizer/word_piece.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

namespace {

constexpr const char* where = "model WordPiece";

}  // namespace

void WordPiece::tokenize(std::string_view piece, std::vector<int32_t>& ids) const {
  size_t before = ids.size();
  size_t characters = 0;
  for (size_t i = 0; i < piece.size(); i += utf8_length(piece[i])) ++characters;
  size_t begin = characters > longest_word_ ? piece.size() + 1 : 0;
  while (begin < piece.size()) begin = append_longest(piece, begin, ids);
  if (begin == piece.size()) return;
  ids.resize(before);
  ids.push_back(unk_id_);
}

size_t WordPiece::append_longest(std::string_view piece, size_t begin,
                                 std::vector<int32_t>& ids) const {
  std::string candidate = begin > 0 ? prefix_ : "";
  size_t prefix_size = candidate.size();
  candidate += piece.substr(begin);
  while (candidate.size() > prefix_size) {
    if (auto id = vocabulary().find(candidate)) {
      ids.push_back(*id);
      return begin + candidate.size() - prefix_size;
    }
    size_t end = candidate.size();
    previous_code_point(candidate, end);
    candidate.resize(end);
  }
  return piece.size() + 1;
}

std::unique_ptr<TokenModel> make_word_piece(const ModelSource& source) {
  Vocabulary vocabulary = read_vocabulary(source.vocab, where);
  std::string unk_token = string_field(source.fields, "unk_token", where);
  auto unk_id = vocabulary.find(unk_token);
  if (!unk_id) {
    throw FormatError(
        fmt::format("the vocabulary lacks the unknown token {}", in_quotes(unk_token)));
  }
  int64_t longest_word = integer_field(source.fields, "max_input_chars_per_word", where);
  if (longest_word < 0) {
    throw FormatError(fmt::format("{}: \"max_input_chars_per_word\" is {}", where, longest_word));
  }
  return std::make_unique<WordPiece>(
      std::move(vocabulary), *unk_id,
      string_field(source.fields, "continuing_subword_prefix", where),
      static_cast<size_t>(longest_word));
}

}  // namespace quern::models
