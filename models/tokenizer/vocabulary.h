#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

/// A hash that mixes eight bytes at a step; equal texts only within one process have equal hashes.
uint64_t hash_text(std::string_view text);

/// Two-way table between a model's tokens and their ids. All texts lie in one arena and the index
/// is one open-addressed array, so a hundred thousand entries load in a few milliseconds.
class Vocabulary {
 public:
  /// Ids at or above this are refused: a table indexed by id must stay small.
  static constexpr int64_t id_limit = int64_t{1} << 22;

  /// Makes room for about that many tokens with that many bytes of text.
  void reserve(size_t tokens, size_t bytes);

  /// What happens to a text that is in use already: some files write a token twice.
  enum class Repeated { refused, later_wins };

  /// Throws FormatError when the id is negative, not below id_limit or in use, or the text is in
  /// use and refused. A text that wins is found under its new id; the old id keeps it.
  void add(std::string_view text, int64_t id, Repeated repeated = Repeated::refused);

  std::optional<int32_t> find(std::string_view text) const;

  /// Empty when no token has the id; valid as long as the vocabulary.
  std::string_view text(int32_t id) const;
  bool contains(int32_t id) const;

  /// Highest id + 1; 0 when empty.
  int32_t size() const { return static_cast<int32_t>(entries_.size()); }

 private:
  static constexpr uint32_t absent = UINT32_MAX;

  struct Entry {
    uint32_t offset = 0;
    uint32_t length = absent;
  };
  struct Slot {
    uint32_t tag = 0;  // the hash's upper half
    int32_t id = -1;
    Entry entry;  // a copy: a lookup misses the processor's caches once less
  };

  /// The slot that holds the text, or the empty one where it belongs.
  size_t slot_of(std::string_view text, uint64_t hash) const;
  void rehash(size_t slots);
  std::string_view text_of(const Entry& entry) const {
    return std::string_view(arena_).substr(entry.offset, entry.length);
  }

  std::string arena_;
  std::vector<Entry> entries_;  // by id
  std::vector<Slot> slots_;     // a power of two, at most half full
  size_t count_ = 0;
};

}  // namespace quern::models
