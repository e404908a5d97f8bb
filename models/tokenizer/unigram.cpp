#include "models/tokenizer/unigram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "models/tokenizer/byte_tokens.h"
#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_cursor.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

namespace {

constexpr const char* where = "model Unigram";
constexpr std::string_view space_mark = "\xE2\x96\x81";  // U+2581

/// The best way to divide the text up to some place.
struct BestPath {
  double score = -std::numeric_limits<double>::infinity();
  size_t begin = 0;  // of its last token
  int32_t id = -1;   // that token; -1: an unknown character
};

PrefixTrie trie_of(const Vocabulary& vocabulary, const std::vector<double>& scores) {
  std::vector<std::pair<std::string_view, int32_t>> entries;
  entries.reserve(scores.size());
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    if (!std::isnan(scores[static_cast<size_t>(id)])) entries.emplace_back(vocabulary.text(id), id);
  }
  return PrefixTrie(std::move(entries));
}

/// True when a word's mark is a token itself and stands only at the front of others, so that words
/// can be divided one by one.
bool words_stand_alone(const Vocabulary& vocabulary, const std::vector<double>& scores) {
  auto mark = vocabulary.find(space_mark);
  if (!mark || std::isnan(scores[static_cast<size_t>(*mark)])) return false;
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    if (!std::isnan(scores[static_cast<size_t>(id)]) &&
        vocabulary.text(id).find(space_mark, 1) != std::string_view::npos) {
      return false;
    }
  }
  return true;
}

}  // namespace

Unigram::Unigram(Vocabulary vocabulary, std::vector<double> scores, UnigramSettings settings)
    : TokenModel(std::move(vocabulary)),
      scores_(std::move(scores)),
      settings_(settings),
      byte_ids_(settings.byte_fallback ? byte_token_ids(this->vocabulary())
                                       : std::vector<int32_t>(256, -1)),
      trie_(trie_of(this->vocabulary(), scores_)),
      cuts_(words_stand_alone(this->vocabulary(), scores_)) {}

void Unigram::tokenize(std::string_view piece, std::vector<int32_t>& ids) const {
  size_t begin = 0;
  while (cuts_ && begin < piece.size()) {
    size_t end = piece.find(space_mark, begin + 1);
    if (end == piece.npos) break;
    tokenize_cached(piece.substr(begin, end - begin), ids);
    begin = end;
  }
  tokenize_cached(piece.substr(begin), ids);
}

void Unigram::tokenize_cached(std::string_view piece, std::vector<int32_t>& ids) const {
  uint64_t hash = hash_text(piece);
  if (cache_.find(piece, hash, ids)) return;
  size_t before = ids.size();
  divide(piece, ids);
  cache_.add(piece, hash, ids.data() + before, ids.size() - before);
}

void Unigram::divide(std::string_view piece, std::vector<int32_t>& ids) const {
  thread_local std::vector<BestPath> best;
  best.assign(piece.size() + 1, {});
  best[0].score = 0;
  for (size_t begin = 0; begin < piece.size();) {
    size_t character = utf8_length(piece[begin]);
    double so_far = best[begin].score;
    bool is_known = false;
    auto offer = [&](size_t length, int32_t id, double score) {
      BestPath& path = best[begin + length];
      if (so_far + score > path.score) path = {so_far + score, begin, id};
    };
    trie_.visit_prefixes(piece.substr(begin), [&](size_t length, int32_t id) {
      offer(length, id, scores_[static_cast<size_t>(id)]);
      is_known = is_known || length == character;
    });
    if (!is_known) offer(character, -1, settings_.unk_score);
    begin += character;
  }
  size_t before = ids.size();
  for (size_t end = piece.size(); end > 0;) {
    size_t begin = best[end].begin;
    if (best[end].id >= 0 && best[end].id != settings_.unk_id) {
      ids.push_back(best[end].id);
    } else {
      while (begin > 0 && (best[begin].id < 0 || best[begin].id == settings_.unk_id)) {
        begin = best[begin].begin;
      }
      size_t first = ids.size();
      append_unknown(piece.substr(begin, end - begin), ids);
      std::reverse(ids.begin() + static_cast<ptrdiff_t>(first), ids.end());
    }
    end = begin;
  }
  std::reverse(ids.begin() + static_cast<ptrdiff_t>(before), ids.end());
}

void Unigram::append_unknown(std::string_view text, std::vector<int32_t>& ids) const {
  if (auto id = vocabulary().find(text)) return ids.push_back(*id);
  if (append_byte_tokens(byte_ids_, text, ids)) return;
  if (settings_.unk_id) ids.push_back(*settings_.unk_id);
}

std::unique_ptr<TokenModel> make_unigram(const ModelSource& source) {
  if (source.vocab.empty()) throw FormatError(fmt::format("{} lacks \"vocab\"", where));
  Vocabulary vocabulary;
  constexpr size_t typical_entry = 24;  // bytes of JSON
  vocabulary.reserve(source.vocab.size() / typical_entry, source.vocab.size() / 2);
  std::vector<double> scores;
  double lowest = std::numeric_limits<double>::infinity();
  JsonCursor cursor(source.vocab);
  for (bool first = true; cursor.next_element(first);) {
    cursor.expect('[');
    vocabulary.add(cursor.string(), vocabulary.size(), Vocabulary::Repeated::later_wins);
    cursor.expect(',');
    scores.push_back(cursor.number());
    cursor.expect(']');
    lowest = std::min(lowest, scores.back());
  }
  cursor.end();
  UnigramSettings settings;
  settings.byte_fallback = bool_field(source.fields, "byte_fallback", where, false);
  settings.unk_score = lowest - Unigram::unk_penalty;
  if (find_field(source.fields, "unk_id", where)) {
    int64_t id = integer_field(source.fields, "unk_id", where);
    if (id < 0 || id >= vocabulary.size()) {
      throw FormatError(fmt::format("{}: \"unk_id\" is {}, but the vocabulary has {} tokens", where,
                                    id, vocabulary.size()));
    }
    settings.unk_id = static_cast<int32_t>(id);
  }
  return std::make_unique<Unigram>(std::move(vocabulary), std::move(scores), settings);
}

}  // namespace quern::models
