#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

/// Remembers the tokens of words met before. Bounded: a full part forgets everything it holds. Any
/// thread may call it; the parts are locked one by one, so that threads seldom meet.
class WordCache {
 public:
  /// Longer words are seldom met again and are not kept.
  static constexpr size_t longest_word = 256;

  /// Appends the word's ids; false when it is not known. hash is hash_text(word).
  bool find(std::string_view word, uint64_t hash, std::vector<int32_t>& ids);

  void add(std::string_view word, uint64_t hash, const int32_t* ids, size_t count);

 private:
  static constexpr size_t parts = 16;
  static constexpr size_t slots = 4096;  // in each part
  static constexpr size_t most_words = slots / 2;

  struct Slot {
    uint64_t hash = 0;
    uint32_t text_begin = 0;
    uint32_t ids_begin = 0;
    uint16_t text_length = 0;  // 0: the slot is empty
    uint16_t ids_count = 0;
  };
  struct Part {
    std::mutex mutex;
    std::vector<Slot> table;
    std::string texts;
    std::vector<int32_t> ids;
    size_t words = 0;
  };

  Part& part_of(uint64_t hash) { return parts_[hash >> 60]; }
  /// The slot that holds the word, or the empty one where it belongs.
  static Slot& slot_of(Part& part, std::string_view word, uint64_t hash);

  std::array<Part, parts> parts_;
};

}  // namespace quern::models
