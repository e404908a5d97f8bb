#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quern::models {

/// Walks once through a JSON text without building a tree: a vocabulary of a hundred thousand
/// entries is read several times faster than through a document. What is walked over is checked;
/// what skip_value passes is only bracketed.
///
/// The text must be valid UTF-8 and outlive the cursor. Every function skips white space first and
/// throws FormatError, naming the byte, when something else stands there.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : text_(text) {}

  /// Steps over `c`, one of the structural characters {}[],:
  void expect(char c);
  /// Steps over `c` if it comes next.
  bool consume(char c);
  /// The next character, '\0' at the end.
  char peek();

  /// Begins at '{' or '[' and steps to each member or element in turn; false behind the closing
  /// bracket. `first` is true at the first call for a container and false afterwards.
  bool next_member(bool& first, std::string_view& key);
  bool next_element(bool& first);

  /// A string's value: valid until the next call that reads a string.
  std::string_view string();
  int64_t integer();
  double number();
  /// The text of the next value.
  std::string_view skip_value();
  /// Only white space may be left.
  void end();

 private:
  [[noreturn]] void fail(std::string_view expected) const;
  void skip_space();
  void unescape();
  uint32_t four_hex_digits();
  void skip_string();

  std::string_view text_;
  size_t position_ = 0;
  std::string unescaped_;
};

}  // namespace quern::models
