#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/prompt/jinja/lexer.h"

namespace quern::models::jinja {

/// The tokens of a template, read one after another.
class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  int line() const { return current().line; }

  Token next() {
    Token token = current();
    if (token.kind != Token::Kind::end) ++at_;
    return token;
  }

  bool at(Token::Kind kind) const { return current().kind == kind; }
  bool at_symbol(std::string_view symbol) const { return is_symbol(current(), symbol); }
  bool at_name(std::string_view name) const { return is_name(current(), name); }

  bool skip_symbol(std::string_view symbol) { return at_symbol(symbol) && (++at_, true); }
  bool skip_name(std::string_view name) { return at_name(name) && (++at_, true); }

  static bool is_symbol(const Token& token, std::string_view symbol) {
    return token.kind == Token::Kind::symbol && token.text == symbol;
  }
  static bool is_name(const Token& token, std::string_view name) {
    return token.kind == Token::Kind::name && token.text == name;
  }

  /// The next token, which must be of this kind; `what` names it in the error.
  Token expect(Token::Kind kind, const char* what) {
    if (!at(kind)) fail(fmt::format("expected {}, got {}", what, describe()));
    return next();
  }
  void expect_symbol(std::string_view symbol) {
    if (!skip_symbol(symbol)) fail(fmt::format("expected '{}', got {}", symbol, describe()));
  }
  void expect_name(std::string_view name) {
    if (!skip_name(name)) fail(fmt::format("expected '{}', got {}", name, describe()));
  }

  /// The current token as an error shows it.
  std::string describe() const {
    switch (current().kind) {
      case Token::Kind::end:
        return "the end of the template";
      case Token::Kind::data:
        return "text";
      case Token::Kind::variable_begin:
        return "'{{'";
      case Token::Kind::variable_end:
        return "'}}'";
      case Token::Kind::block_begin:
        return "'{%'";
      case Token::Kind::block_end:
        return "'%}'";
      default:
        return fmt::format("'{}'", current().text);
    }
  }

  [[noreturn]] void fail(const std::string& what) const { throw SyntaxFailure(what, line()); }

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace quern::models::jinja
