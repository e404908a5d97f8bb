#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace quern::models {

inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";  // U+FFFD

bool is_valid_utf8(std::string_view text);

/// `text` with U+FFFD for every maximal invalid subsequence (Unicode 15, section 3.9, "substitution
/// of maximal subparts").
std::string replace_invalid_utf8(std::string_view text);

void append_utf8(char32_t code_point, std::string& out);

/// Bytes in the sequence that `lead` opens; text must be valid UTF-8.
inline size_t utf8_length(char lead) {
  auto byte = static_cast<uint8_t>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/// The code point at `position`, which moves behind it; text must be valid UTF-8 and position <
/// text.size().
char32_t next_code_point(std::string_view text, size_t& position);

/// The code point that ends before `position`, which moves to its start; text must be valid UTF-8
/// and position > 0.
char32_t previous_code_point(std::string_view text, size_t& position);

/// Joins bytes that arrive one by one into characters. An incomplete sequence is held back; a
/// sequence that can no longer become valid gives one U+FFFD, so that the whole output equals
/// replace_invalid_utf8 of the whole input.
class Utf8Assembler {
 public:
  void add(uint8_t byte, std::string& out);

  /// The end of the input: a sequence still incomplete gives U+FFFD.
  void finish(std::string& out);

  /// Bytes held back, 0 to 3.
  size_t pending() const { return pending_.size(); }

  /// True when `byte` continues the held-back sequence, or opens one when none is held.
  bool accepts(uint8_t byte) const;

 private:
  std::string pending_;
  size_t length_ = 0;  // of the sequence that pending_ opens
};

}  // namespace quern::models
