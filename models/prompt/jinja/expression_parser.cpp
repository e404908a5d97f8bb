#include "models/prompt/jinja/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/prompt/jinja/make_expression.h"
#include "models/prompt/jinja/nesting.h"
#include "models/prompt/jinja/number_literal.h"

namespace quern::models::jinja {

using namespace ast;

ExpressionPointer ExpressionParser::expression(bool conditional) {
  const NestingGuard guard(nesting_, tokens_.line());
  auto value = disjunction();
  while (conditional && tokens_.at_name("if")) {
    const int line = tokens_.next().line;
    auto condition = disjunction();
    ExpressionPointer otherwise;
    if (tokens_.skip_name("else")) otherwise = expression();
    value = make_expression(
        line, Conditional{std::move(condition), std::move(value), std::move(otherwise)});
  }
  return value;
}

bool ExpressionParser::at_tuple_end(std::string_view end) const {
  return tokens_.at(Token::Kind::variable_end) || tokens_.at(Token::Kind::block_end) ||
         tokens_.at_symbol(")") || (!end.empty() && tokens_.at_name(end));
}

ExpressionPointer ExpressionParser::tuple(bool conditional, std::string_view end) {
  const int line = tokens_.line();
  auto first = expression(conditional);
  if (!tokens_.at_symbol(",")) return first;
  Expressions items;
  items.push_back(std::move(first));
  while (tokens_.skip_symbol(",") && !at_tuple_end(end)) items.push_back(expression(conditional));
  return make_expression(line, TupleLiteral{std::move(items)});
}

ExpressionPointer ExpressionParser::disjunction() {
  auto left = conjunction();
  while (tokens_.at_name("or")) {
    const int line = tokens_.next().line;
    auto right = conjunction();
    left = make_expression(line, Logical{false, std::move(left), std::move(right)});
  }
  return left;
}

ExpressionPointer ExpressionParser::conjunction() {
  auto left = negation();
  while (tokens_.at_name("and")) {
    const int line = tokens_.next().line;
    auto right = negation();
    left = make_expression(line, Logical{true, std::move(left), std::move(right)});
  }
  return left;
}

ExpressionPointer ExpressionParser::negation() {
  if (!tokens_.at_name("not")) return comparison();
  const NestingGuard guard(nesting_, tokens_.line());
  const int line = tokens_.next().line;
  return make_expression(line, Not{negation()});
}

ExpressionPointer ExpressionParser::comparison() {
  static constexpr std::pair<std::string_view, Comparison> symbols[] = {
      {"==", Comparison::equal},  {"!=", Comparison::not_equal},
      {"<", Comparison::less},    {"<=", Comparison::less_equal},
      {">", Comparison::greater}, {">=", Comparison::greater_equal},
  };
  const int line = tokens_.line();
  auto first = sum();
  std::vector<std::pair<Comparison, ExpressionPointer>> rest;
  while (true) {
    const auto found = std::find_if(std::begin(symbols), std::end(symbols), [&](const auto& entry) {
      return tokens_.at_symbol(entry.first);
    });
    if (found != std::end(symbols)) {
      tokens_.next();
      rest.emplace_back(found->second, sum());
    } else if (tokens_.skip_name("in")) {
      rest.emplace_back(Comparison::in, sum());
    } else if (tokens_.at_name("not") && TokenStream::is_name(tokens_.ahead(), "in")) {
      tokens_.next();
      tokens_.next();
      rest.emplace_back(Comparison::not_in, sum());
    } else {
      break;
    }
  }
  if (rest.empty()) return first;
  return make_expression(line, Compare{std::move(first), std::move(rest)});
}

ExpressionPointer ExpressionParser::sum() {
  auto left = concatenation();
  while (tokens_.at_symbol("+") || tokens_.at_symbol("-")) {
    const Token symbol = tokens_.next();
    const auto operation = symbol.text == "+" ? Arithmetic::add : Arithmetic::subtract;
    auto right = concatenation();
    left = make_expression(symbol.line, Binary{operation, std::move(left), std::move(right)});
  }
  return left;
}

ExpressionPointer ExpressionParser::concatenation() {
  const int line = tokens_.line();
  auto first = product();
  if (!tokens_.at_symbol("~")) return first;
  Expressions parts;
  parts.push_back(std::move(first));
  while (tokens_.skip_symbol("~")) parts.push_back(product());
  return make_expression(line, Concatenation{std::move(parts)});
}

ExpressionPointer ExpressionParser::product() {
  static constexpr std::pair<std::string_view, Arithmetic> symbols[] = {
      {"*", Arithmetic::multiply},
      {"/", Arithmetic::divide},
      {"//", Arithmetic::floor_divide},
      {"%", Arithmetic::modulo},
  };
  auto left = power();
  while (true) {
    const auto found = std::find_if(std::begin(symbols), std::end(symbols), [&](const auto& entry) {
      return tokens_.at_symbol(entry.first);
    });
    if (found == std::end(symbols)) return left;
    const int line = tokens_.next().line;
    auto right = power();
    left = make_expression(line, Binary{found->second, std::move(left), std::move(right)});
  }
}

ExpressionPointer ExpressionParser::power() {
  auto left = unary(true);
  while (tokens_.at_symbol("**")) {
    const int line = tokens_.next().line;
    auto right = unary(true);
    left = make_expression(line, Binary{Arithmetic::power, std::move(left), std::move(right)});
  }
  return left;
}

ExpressionPointer ExpressionParser::unary(bool with_filters) {
  ExpressionPointer value;
  if (tokens_.at_symbol("-") || tokens_.at_symbol("+")) {
    const NestingGuard guard(nesting_, tokens_.line());
    const Token symbol = tokens_.next();
    value = make_expression(symbol.line, Sign{unary(false), symbol.text == "-"});
    value = postfix(std::move(value));
  } else {
    value = operand();
  }
  return with_filters ? filters_and_tests(std::move(value)) : std::move(value);
}

ExpressionPointer ExpressionParser::operand() { return postfix(primary()); }

ExpressionPointer ExpressionParser::primary() {
  const int line = tokens_.line();
  switch (tokens_.current().kind) {
    case Token::Kind::name:
      return name_or_constant();
    case Token::Kind::integer:
      return make_expression(line, Literal{integer_value(tokens_.next())});
    case Token::Kind::floating:
      return make_expression(line, Literal{float_value(tokens_.next())});
    case Token::Kind::string: {
      std::string joined;
      while (tokens_.at(Token::Kind::string)) joined += tokens_.next().text;
      return make_expression(line, Literal{Value(std::move(joined))});
    }
    default:
      break;
  }
  if (tokens_.at_symbol("[")) return list();
  if (tokens_.at_symbol("{")) return dict();
  if (!tokens_.skip_symbol("(")) tokens_.fail(fmt::format("unexpected {}", tokens_.describe()));
  if (tokens_.skip_symbol(")")) return make_expression(line, TupleLiteral{});
  auto inside = tuple();
  tokens_.expect_symbol(")");
  return inside;
}

ExpressionPointer ExpressionParser::name_or_constant() {
  const Token token = tokens_.next();
  const std::string& name = token.text;
  if (name == "true" || name == "True") return make_expression(token.line, Literal{true});
  if (name == "false" || name == "False") return make_expression(token.line, Literal{false});
  if (name == "none" || name == "None") return make_expression(token.line, Literal{Value::none()});
  if (name[0] >= '0' && name[0] <= '9')
    throw SyntaxFailure(fmt::format("invalid name '{}'", name), token.line);
  names_.insert(name);
  return make_expression(token.line, Name{name});
}

ExpressionPointer ExpressionParser::list() {
  const int line = tokens_.next().line;
  Expressions items;
  while (!tokens_.at_symbol("]")) {
    if (!items.empty()) tokens_.expect_symbol(",");
    if (tokens_.at_symbol("]")) break;
    items.push_back(expression());
  }
  tokens_.next();
  return make_expression(line, ListLiteral{std::move(items)});
}

ExpressionPointer ExpressionParser::dict() {
  const int line = tokens_.next().line;
  DictLiteral node;
  while (!tokens_.at_symbol("}")) {
    if (!node.entries.empty()) tokens_.expect_symbol(",");
    if (tokens_.at_symbol("}")) break;
    auto key = expression();
    tokens_.expect_symbol(":");
    node.entries.emplace_back(std::move(key), expression());
  }
  tokens_.next();
  return make_expression(line, std::move(node));
}

std::string ExpressionParser::target_name() {
  const Token token = tokens_.expect(Token::Kind::name, "a name");
  static constexpr std::string_view reserved[] = {"true", "false", "none", "True", "False", "None"};
  const bool is_reserved =
      std::find(std::begin(reserved), std::end(reserved), token.text) != std::end(reserved);
  if (is_reserved || (token.text[0] >= '0' && token.text[0] <= '9')) {
    throw SyntaxFailure(fmt::format("cannot assign to '{}'", token.text), token.line);
  }
  return token.text;
}

ast::Target ExpressionParser::single_target(bool with_namespace) {
  const NestingGuard guard(nesting_, tokens_.line());
  Target result;
  if (tokens_.skip_symbol("(")) {
    result = target({}, with_namespace);
    tokens_.expect_symbol(")");
    return result;
  }
  result.name = target_name();
  if (with_namespace && tokens_.skip_symbol(".")) {
    names_.insert(result.name);
    result.attribute = tokens_.expect(Token::Kind::name, "a name").text;
  }
  return result;
}

ast::Target ExpressionParser::target(std::string_view end, bool with_namespace) {
  Target first = single_target(with_namespace);
  if (!tokens_.at_symbol(",")) return first;
  Target all;
  all.parts.push_back(std::move(first));
  while (tokens_.skip_symbol(",") && !at_tuple_end(end) && !tokens_.at_symbol("=")) {
    all.parts.push_back(single_target(with_namespace));
  }
  return all;
}

}  // namespace quern::models::jinja
