#pragma once

#include "models/prompt/jinja/lexer.h"

namespace quern::models::jinja {

/// One level of the parser's recursion; throws SyntaxFailure when there are too many.
class NestingGuard {
 public:
  NestingGuard(int& level, int line) : level_(level) {
    if (level_ >= maximum_level) throw SyntaxFailure("the template is nested too deeply", line);
    ++level_;
  }
  ~NestingGuard() { --level_; }
  NestingGuard(const NestingGuard&) = delete;
  NestingGuard& operator=(const NestingGuard&) = delete;

 private:
  static constexpr int maximum_level = 100;

  int& level_;
};

}  // namespace quern::models::jinja
