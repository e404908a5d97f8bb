#include "models/tokenizer/train/pair_merger.h"

#include <utility>

namespace quern::models {

uint32_t PairMerger::pair_of(int32_t left, int32_t right) {
  auto [found, is_new] =
      pair_index_.try_emplace(key_of(left, right), static_cast<uint32_t>(pairs_.size()));
  if (is_new) pairs_.push_back({.tokens = {left, right}, .count = 0, .words = {}});
  return found->second;
}

void PairMerger::count_in(int32_t left, int32_t right, uint32_t word) {
  Pair& pair = pairs_[pair_of(left, right)];
  pair.count += words_[word].count;
  if (pair.words.empty() || pair.words.back() != word) pair.words.push_back(word);
}

void PairMerger::count_out(int32_t left, int32_t right, int64_t count) {
  pairs_[pair_of(left, right)].count -= count;
}

void PairMerger::add_word(const std::vector<int32_t>& tokens, int64_t count) {
  const auto word = static_cast<uint32_t>(words_.size());
  words_.push_back({tokens_.size(), static_cast<uint32_t>(tokens.size()), count});
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  total_tokens_ += count * static_cast<int64_t>(tokens.size());
  for (size_t i = 1; i < tokens.size(); ++i) count_in(tokens[i - 1], tokens[i], word);
}

void PairMerger::queue_new_pairs() {
  for (; queued_pairs_ < pairs_.size(); ++queued_pairs_) {
    const Pair& pair = pairs_[queued_pairs_];
    if (pair.count <= 0) continue;  // made and joined further within one word
    queue_.push({pair.count, key_of(pair.tokens.left, pair.tokens.right),
                 static_cast<uint32_t>(queued_pairs_)});
  }
}

std::optional<PairMerger::Best> PairMerger::best_pair() {
  queue_new_pairs();
  while (!queue_.empty()) {
    const Queued top = queue_.top();
    const Pair& pair = pairs_[top.pair];
    if (top.count == pair.count) return Best{pair.tokens, pair.count};
    queue_.pop();
    if (pair.count > 0) queue_.push({pair.count, top.key, top.pair});
  }
  return std::nullopt;
}

void PairMerger::join_best(int32_t id) {
  Pair& best = pairs_[queue_.top().pair];
  queue_.pop();
  // Joining makes new pairs, which moves the others in memory.
  const TokenPair pair = best.tokens;
  const std::vector<uint32_t> words = std::exchange(best.words, {});
  for (uint32_t word : words) join_in_word(word, pair, id);
}

void PairMerger::join_in_word(uint32_t word, TokenPair pair, int32_t id) {
  Word& place = words_[word];
  int32_t* tokens = tokens_.data() + place.begin;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < place.length;) {
    const bool joins =
        tokens[i] == pair.left && i + 1 < place.length && tokens[i + 1] == pair.right;
    if (!joins) {
      tokens[kept++] = tokens[i++];
      continue;
    }
    if (kept > 0) {
      count_out(tokens[kept - 1], pair.left, place.count);
      count_in(tokens[kept - 1], id, word);
    }
    i += 2;
    if (i < place.length) {
      count_out(pair.right, tokens[i], place.count);
      count_in(id, tokens[i], word);
    }
    tokens[kept++] = id;
  }
  total_tokens_ -= place.count * (place.length - kept);
  place.length = kept;
}

}  // namespace quern::models
