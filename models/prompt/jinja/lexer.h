#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/prompt/jinja/value.h"

namespace quern::models::jinja {

/// A template that is not one, with the line where that shows.
struct SyntaxFailure : Failure {
  SyntaxFailure(const std::string& what, int at_line) : Failure(what), line(at_line) {}
  int line;
};

struct Token {
  enum class Kind {
    data,  ///< text outside of tags, white space already trimmed
    variable_begin,
    variable_end,
    block_begin,
    block_end,
    name,
    string,  ///< `text` is the string's value
    integer,
    floating,
    symbol,
    end,
  };

  Kind kind;
  std::string text;
  int line;
};

/// Cuts a template into tokens, the last of kind end, with Jinja2's rules for white space under
/// trim_blocks and lstrip_blocks: a block or comment takes the line break behind it and the blanks
/// before it on its line; `-` takes all white space on its side, `+` keeps it. Comments disappear,
/// raw blocks become data, and one line break at the very end is dropped. Throws SyntaxFailure.
std::vector<Token> tokenize(std::string_view source);

}  // namespace quern::models::jinja
