#pragma once

#include <string>
#include <string_view>

#include "models/prompt/jinja/value.h"

/// Values as Python prints them. All throw Failure on values that are nested too deeply or give
/// more text than a template may make.
namespace quern::models::jinja {

/// str(value): a string as it is, True, None, 1.5, ['a', 1]; nothing for undefined.
std::string to_text(const Value& value);
/// repr(value): as to_text, with strings in quotes.
std::string repr(const Value& value);
/// The shortest decimal that reads back as the same number: 1.0, 1e+16, 0.0001, inf.
std::string float_text(double number);

struct JsonStyle {
  bool ascii = false;       ///< \uXXXX for all that is not ASCII
  bool multi_line = false;  ///< one item per line, each level behind one more `indent`
  std::string indent;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
};

/// As Python's json.dumps writes it. Throws Failure on values that JSON does not have.
std::string json_text(const Value& value, const JsonStyle& style);

}  // namespace quern::models::jinja
