#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace quern::models {

/// A tool call that cannot be read; the text says why, without a place.
class CallError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads the values of calls that are not written as JSON. Every function skips white space first
/// and throws CallError where the text goes on otherwise.
class LiteralReader {
 public:
  enum class Style {
    python,  ///< 'text' or "text", True, False, None, [..], (..), {'key': ..}
    gemma,   ///< text between two marks, bare words, true, false, null, [..], {key:..}
  };

  /// mark: what stands around a text in Gemma's style.
  LiteralReader(std::string_view text, Style style, std::string_view mark = {})
      : text_(text), style_(style), mark_(mark) {}

  nlohmann::ordered_json value();
  /// A function's, a parameter's or a key's name: letters, digits, '_', '-', '.'.
  std::string name();
  /// Skips this if the text goes on with it.
  bool take(std::string_view expected);
  void require(std::string_view expected);
  bool at_end();

 private:
  static constexpr int maximum_depth = 100;

  void skip_white_space();
  nlohmann::ordered_json list(std::string_view end);
  nlohmann::ordered_json object();
  nlohmann::ordered_json word();
  std::string key();
  std::string quoted(char quote);
  std::string marked();
  bool next_is(std::string_view expected) const { return text_.substr(at_).starts_with(expected); }

  std::string_view text_;
  Style style_;
  std::string_view mark_;
  size_t at_ = 0;
  int depth_ = 0;
};

/// Bytes of the JSON object or array that the text begins with; throws CallError when it does not
/// end or is none.
size_t json_length(std::string_view text);

/// The text as JSON, which may nest 200 deep; throws CallError.
nlohmann::ordered_json parse_call_json(std::string_view text);

std::string_view trimmed(std::string_view text);

}  // namespace quern::models
