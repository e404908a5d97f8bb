#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

/// How often each word occurs: what a byte-pair encoding learns from. Memory grows with the
/// different words, not with the text.
class WordCounts {
 public:
  /// `word` must not be empty.
  void add(std::string_view word, int64_t count = 1);

  struct Word {
    std::string_view text;  // valid until the next add()
    int64_t count;
  };

  /// All words in the order of their bytes, whatever the order in which they came.
  std::vector<Word> sorted() const;

  /// Different words.
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    uint64_t hash;
    uint64_t offset;
    uint32_t length;
    int64_t count;
  };

  std::string_view text_of(const Entry& entry) const {
    return std::string_view(arena_).substr(entry.offset, entry.length);
  }
  /// The slot that holds the word, or the empty one where it belongs.
  size_t slot_of(std::string_view word, uint64_t hash) const;
  void grow();

  std::string arena_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // entry + 1, 0 when empty; a power of two, at most half full
};

}  // namespace quern::models
