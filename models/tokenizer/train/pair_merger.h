#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

namespace quern::models {

/// Two neighbouring tokens.
struct TokenPair {
  int32_t left;
  int32_t right;

  bool operator==(const TokenPair&) const = default;
};

/// The inner loop of training a byte-pair encoding: words as sequences of tokens, how often each
/// pair of neighbours occurs in them, and the joining of one pair everywhere.
///
/// Counts are kept up to date by what each join changes, so a join costs in proportion to the words
/// that hold the pair. In a run of one token every neighbourhood counts: "aaa" holds (a, a) twice.
class PairMerger {
 public:
  /// Adds a word that occurs `count` times. All words come before the first best_pair().
  void add_word(const std::vector<int32_t>& tokens, int64_t count);

  struct Best {
    TokenPair pair;
    int64_t count;
  };

  /// The pair that occurs most often; among equal ones the smallest left, then the smallest right
  /// id. Absent when no word has two tokens left.
  std::optional<Best> best_pair();

  /// Replaces every occurrence of the best pair, from the left, by `id`, which no word may hold
  /// yet. To be called after best_pair().
  void join_best(int32_t id);

  /// Tokens in all words, each word as often as it occurs.
  int64_t total_tokens() const { return total_tokens_; }

 private:
  struct Word {
    uint64_t begin;  // into tokens_
    uint32_t length;
    int64_t count;
  };
  struct Pair {
    TokenPair tokens;
    int64_t count = 0;
    std::vector<uint32_t> words;  // that may hold it, in rising order
  };
  /// A pair with the count that it had when it was queued, which may have fallen since.
  struct Queued {
    int64_t count;
    uint64_t key;
    uint32_t pair;

    bool operator<(const Queued& other) const {
      return count != other.count ? count < other.count : key > other.key;
    }
  };

  static uint64_t key_of(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  uint32_t pair_of(int32_t left, int32_t right);
  void count_in(int32_t left, int32_t right, uint32_t word);
  void count_out(int32_t left, int32_t right, int64_t count);
  void join_in_word(uint32_t word, TokenPair pair, int32_t id);
  /// Queues the pairs made since the last call.
  void queue_new_pairs();

  std::vector<int32_t> tokens_;  // of all words
  std::vector<Word> words_;
  std::vector<Pair> pairs_;
  std::unordered_map<uint64_t, uint32_t> pair_index_;
  size_t queued_pairs_ = 0;
  std::priority_queue<Queued> queue_;
  int64_t total_tokens_ = 0;
};

}  // namespace quern::models
