#include <fmt/format.h>

#include "models/prompt/jinja/expression_parser.h"
#include "models/prompt/jinja/make_expression.h"
#include "models/prompt/jinja/number_literal.h"

/// What may follow an operand: attributes, subscripts, calls, filters and tests.
namespace quern::models::jinja {

using namespace ast;

ExpressionPointer ExpressionParser::postfix(ExpressionPointer object) {
  while (true) {
    const int line = tokens_.line();
    if (tokens_.at_symbol(".")) {
      object = attribute(std::move(object));
    } else if (tokens_.at_symbol("[")) {
      object = subscript(std::move(object));
    } else if (tokens_.at_symbol("(")) {
      auto given = arguments();
      object = make_expression(line, Call{std::move(object), std::move(given)});
    } else {
      return object;
    }
  }
}

ExpressionPointer ExpressionParser::attribute(ExpressionPointer object) {
  const int line = tokens_.next().line;
  if (tokens_.at(Token::Kind::integer)) {
    auto position = make_expression(line, Literal{integer_value(tokens_.next())});
    return make_expression(line, Item{std::move(object), std::move(position)});
  }
  return make_expression(
      line,
      Attribute{std::move(object), tokens_.expect(Token::Kind::name, "a name or number").text});
}

ExpressionPointer ExpressionParser::optional_bound() {
  const bool absent = tokens_.at_symbol(":") || tokens_.at_symbol("]") || tokens_.at_symbol(",");
  return absent ? nullptr : expression();
}

ExpressionPointer ExpressionParser::subscript(ExpressionPointer object) {
  const int line = tokens_.next().line;
  auto first = optional_bound();
  if (tokens_.skip_symbol(":")) {
    auto stop = optional_bound();
    auto step = tokens_.skip_symbol(":") ? optional_bound() : nullptr;
    tokens_.expect_symbol("]");
    return make_expression(
        line, Slice{std::move(object), std::move(first), std::move(stop), std::move(step)});
  }
  if (!first) tokens_.fail("expected a subscript");
  if (tokens_.at_symbol(",")) {
    Expressions keys;
    keys.push_back(std::move(first));
    while (tokens_.skip_symbol(",")) keys.push_back(expression());
    first = make_expression(line, TupleLiteral{std::move(keys)});
  }
  tokens_.expect_symbol("]");
  return make_expression(line, Item{std::move(object), std::move(first)});
}

ast::CallArguments ExpressionParser::arguments() {
  tokens_.expect_symbol("(");
  CallArguments given;
  bool first = true;
  const auto require = [&](bool holds) {
    if (!holds) tokens_.fail("invalid syntax for function call expression");
  };
  while (!tokens_.at_symbol(")")) {
    if (!std::exchange(first, false)) tokens_.expect_symbol(",");
    if (tokens_.at_symbol(")")) break;
    if (tokens_.skip_symbol("**")) {
      require(!given.mapping);
      given.mapping = expression();
    } else if (tokens_.skip_symbol("*")) {
      require(!given.list && !given.mapping);
      given.list = expression();
    } else if (tokens_.at(Token::Kind::name) && TokenStream::is_symbol(tokens_.ahead(), "=")) {
      require(!given.mapping);
      std::string name = tokens_.next().text;
      tokens_.next();
      given.named.emplace_back(std::move(name), expression());
    } else {
      require(!given.list && !given.mapping && given.named.empty());
      given.positional.push_back(expression());
    }
  }
  tokens_.next();
  return given;
}

ExpressionPointer ExpressionParser::filters_and_tests(ExpressionPointer subject) {
  while (true) {
    const int line = tokens_.line();
    if (tokens_.skip_symbol("|")) {
      subject = one_filter(std::move(subject));
    } else if (tokens_.at_name("is")) {
      subject = test(std::move(subject));
    } else if (tokens_.at_symbol("(")) {
      auto given = arguments();
      subject = make_expression(line, Call{std::move(subject), std::move(given)});
    } else {
      return subject;
    }
  }
}

ExpressionPointer ExpressionParser::filters(ExpressionPointer subject) {
  do {
    subject = one_filter(std::move(subject));
  } while (tokens_.skip_symbol("|"));
  return subject;
}

std::string ExpressionParser::dotted_name() {
  std::string name = tokens_.expect(Token::Kind::name, "a name").text;
  while (tokens_.skip_symbol(".")) {
    name += '.';
    name += tokens_.expect(Token::Kind::name, "a name").text;
  }
  return name;
}

ExpressionPointer ExpressionParser::one_filter(ExpressionPointer subject) {
  const int line = tokens_.line();
  const std::string name = dotted_name();
  const Filter filter = find_filter(name);
  if (!filter) throw SyntaxFailure(fmt::format("there is no filter named '{}'", name), line);
  CallArguments given;
  if (tokens_.at_symbol("(")) given = arguments();
  return make_expression(line, FilterCall{std::move(subject), filter, std::move(given)});
}

ExpressionPointer ExpressionParser::test(ExpressionPointer subject) {
  const int line = tokens_.next().line;
  const bool negated = tokens_.skip_name("not");
  const std::string name = dotted_name();
  const Test found = find_test(name);
  if (!found) throw SyntaxFailure(fmt::format("there is no test named '{}'", name), line);
  CallArguments given;
  const auto kind = tokens_.current().kind;
  const bool word = kind == Token::Kind::name && !tokens_.at_name("else") &&
                    !tokens_.at_name("or") && !tokens_.at_name("and");
  const bool literal = kind == Token::Kind::string || kind == Token::Kind::integer ||
                       kind == Token::Kind::floating || tokens_.at_symbol("[") ||
                       tokens_.at_symbol("{");
  if (tokens_.at_symbol("(")) {
    given = arguments();
  } else if (word || literal) {
    if (tokens_.at_name("is")) tokens_.fail("tests cannot be chained with is");
    given.positional.push_back(operand());
  }
  auto result = make_expression(line, TestCall{std::move(subject), found, std::move(given)});
  return negated ? make_expression(line, Not{std::move(result)}) : std::move(result);
}

}  // namespace quern::models::jinja
