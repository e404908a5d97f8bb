#include "models/tokenizer/bpe.h"

#include <algorithm>

#include "models/tokenizer/byte_tokens.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

namespace {

/// Pieces up to this many bytes go to the cache as they are.
constexpr size_t short_piece = 24;

/// A token on its way, in a list that leaves the merged ones out.
struct Symbol {
  int32_t id;
  int32_t previous;
  int32_t next;
  bool gone;
};

/// A pair that may merge, or could when it was queued.
struct Candidate {
  int32_t rank;
  int32_t position;
  int32_t id;

  /// For the heap of the standard library, whose front is the largest.
  bool operator<(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : position > other.position;
  }
};

}  // namespace

Bpe::Bpe(Vocabulary vocabulary, MergeRules rules, BpeSettings settings)
    : TokenModel(std::move(vocabulary)),
      rules_(std::move(rules)),
      settings_(std::move(settings)),
      byte_ids_(256, -1),
      cuts_(settings_.continuing_subword_prefix.empty() && settings_.end_of_word_suffix.empty()) {
  if (!settings_.unk_token.empty()) unk_id_ = this->vocabulary().find(settings_.unk_token);
  if (settings_.byte_fallback) byte_ids_ = byte_token_ids(this->vocabulary());
}

void Bpe::tokenize(std::string_view piece, std::vector<int32_t>& ids) const {
  if (settings_.ignore_merges) {
    if (auto id = vocabulary().find(piece)) return ids.push_back(*id);
  }
  if (!cuts_ || piece.size() <= short_piece) return tokenize_cached(piece, ids);
  // A tokenizer without a pre-tokenizer sends whole documents. No token reaches across a place
  // where no rule could join what is left and right of it, so the parts between such places can be
  // merged, and cached, by themselves.
  size_t begin = 0;
  size_t left = 0;
  for (size_t i = utf8_length(piece[0]); i < piece.size(); i += utf8_length(piece[i])) {
    if (may_cut(piece, left, i)) {
      tokenize_cached(piece.substr(begin, i - begin), ids);
      begin = i;
    }
    left = i;
  }
  tokenize_cached(piece.substr(begin), ids);
}

bool Bpe::may_cut(std::string_view piece, size_t left, size_t position) const {
  size_t left_end = left;
  size_t right_end = position;
  char32_t left_character = next_code_point(piece, left_end);
  char32_t right_character = next_code_point(piece, right_end);
  if (rules_.junctions.contains(MergeRules::junction(left_character, right_character)))
    return false;
  // Unknown characters are spelled with their neighbours.
  return vocabulary().find(piece.substr(left, left_end - left)) &&
         vocabulary().find(piece.substr(position, right_end - position));
}

void Bpe::tokenize_cached(std::string_view piece, std::vector<int32_t>& ids) const {
  uint64_t hash = hash_text(piece);
  if (cache_.find(piece, hash, ids)) return;
  thread_local std::vector<int32_t> tokens;
  tokens.clear();
  spell(piece, tokens);
  merge(tokens);
  cache_.add(piece, hash, tokens.data(), tokens.size());
  ids.insert(ids.end(), tokens.begin(), tokens.end());
}

void Bpe::spell(std::string_view piece, std::vector<int32_t>& ids) const {
  bool unk_pending = false;
  std::string decorated;
  for (size_t begin = 0, end = 0; begin < piece.size(); begin = end) {
    end = begin + utf8_length(piece[begin]);
    std::string_view text = piece.substr(begin, end - begin);
    bool prefixed = begin > 0 && !settings_.continuing_subword_prefix.empty();
    bool suffixed = end == piece.size() && !settings_.end_of_word_suffix.empty();
    if (prefixed || suffixed) {
      decorated = prefixed ? settings_.continuing_subword_prefix : "";
      decorated += text;
      if (suffixed) decorated += settings_.end_of_word_suffix;
      text = decorated;
    }
    if (auto id = vocabulary().find(text)) {
      if (unk_pending) ids.push_back(*unk_id_);
      unk_pending = false;
      ids.push_back(*id);
    } else if (!append_byte_tokens(byte_ids_, text, ids) && unk_id_) {
      if (unk_pending && !settings_.fuse_unk) ids.push_back(*unk_id_);
      unk_pending = true;
    }
  }
  if (unk_pending) ids.push_back(*unk_id_);
}

void Bpe::merge(std::vector<int32_t>& ids) const {
  if (ids.size() < 2) return;
  thread_local std::vector<Symbol> symbols;
  thread_local std::vector<Candidate> heap;
  symbols.clear();
  heap.clear();
  auto count = static_cast<int32_t>(ids.size());
  auto candidate = [&](int32_t position, int32_t next) {
    const MergeRule* rule = rules_.table.find(symbols[static_cast<size_t>(position)].id,
                                              symbols[static_cast<size_t>(next)].id);
    if (!rule) return false;
    heap.push_back({rule->rank, position, rule->id});
    return true;
  };
  for (int32_t i = 0; i < count; ++i) {
    symbols.push_back({ids[static_cast<size_t>(i)], i - 1, i + 1 < count ? i + 1 : -1, false});
    if (i > 0) candidate(i - 1, i);
  }
  std::make_heap(heap.begin(), heap.end());
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end());
    Candidate top = heap.back();
    heap.pop_back();
    Symbol& left = symbols[static_cast<size_t>(top.position)];
    if (left.gone || left.next < 0) continue;
    Symbol& right = symbols[static_cast<size_t>(left.next)];
    const MergeRule* rule = rules_.table.find(left.id, right.id);
    if (!rule || rule->id != top.id) continue;  // one of the two has merged since
    left.id = top.id;
    left.next = right.next;
    right.gone = true;
    if (left.next >= 0) symbols[static_cast<size_t>(left.next)].previous = top.position;
    if (left.previous >= 0 && candidate(left.previous, top.position)) {
      std::push_heap(heap.begin(), heap.end());
    }
    if (left.next >= 0 && candidate(top.position, left.next)) {
      std::push_heap(heap.begin(), heap.end());
    }
  }
  ids.clear();
  for (int32_t i = 0; i >= 0; i = symbols[static_cast<size_t>(i)].next) {
    ids.push_back(symbols[static_cast<size_t>(i)].id);
  }
}

}  // namespace quern::models
