#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quern::models {

/// SentencePiece's "precompiled_charsmap": texts of a few characters and what to write instead.
///
/// The bytes are the size of a trie (uint32, little-endian), the trie, a double array as
/// Darts-clone lays it out, and the replacements, each ended by a zero byte; the trie's values are
/// their places.
class CharacterMap {
 public:
  /// Throws FormatError when the bytes are no such map.
  explicit CharacterMap(std::string_view bytes = {});

  bool empty() const { return units_.empty(); }

  /// What it was made from.
  std::string bytes() const;

  /// The longest text of the map that `text` begins with: its length in bytes and its replacement.
  std::optional<std::pair<size_t, std::string_view>> longest(std::string_view text) const;

  /// The replacement of the shortest one.
  std::optional<std::string_view> shortest(std::string_view text) const;

 private:
  /// Calls visit(length, replacement) for each, shortest first, until it returns false.
  template <class Visit>
  void walk(std::string_view text, Visit visit) const;

  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace quern::models
