#pragma once

#include <string_view>
#include <vector>

namespace quern::models::structured {

/// A set of Unicode scalar values: 0 to 0x10FFFF without the surrogates, which no text can hold.
class CharacterSet {
 public:
  struct Range {
    char32_t first;
    char32_t last;  ///< included
    bool operator==(const Range&) const = default;
  };

  CharacterSet() = default;
  CharacterSet(std::initializer_list<Range> ranges);
  static CharacterSet all();
  /// One member for each character of a text in ASCII.
  static CharacterSet of(std::string_view ascii);

  /// Surrogates and what lies beyond Unicode are left out.
  void add(char32_t first, char32_t last);
  void add(const CharacterSet& other);

  CharacterSet complement() const;
  CharacterSet without(const CharacterSet& other) const;
  bool contains(char32_t character) const;
  bool empty() const { return ranges_.empty(); }

  /// In order, neither overlapping nor touching.
  const std::vector<Range>& ranges() const { return ranges_; }

 private:
  std::vector<Range> ranges_;
};

}  // namespace quern::models::structured
