#include "models/prompt/jinja/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "models/prompt/jinja/nesting.h"

namespace quern::models::jinja {
namespace {

using namespace ast;

constexpr int maximum_expression_depth = 400;

int deepest(const ExpressionPointer& expression) { return expression ? expression->depth : 0; }
int deepest(const Expressions& expressions) {
  int depth = 0;
  for (const auto& expression : expressions) depth = std::max(depth, deepest(expression));
  return depth;
}
template <class First, class Second>
int deepest(const std::vector<std::pair<First, Second>>& pairs) {
  int depth = 0;
  for (const auto& [first, second] : pairs) {
    if constexpr (std::is_same_v<First, ExpressionPointer>) depth = std::max(depth, deepest(first));
    depth = std::max(depth, deepest(second));
  }
  return depth;
}
int deepest(const CallArguments& call) {
  return std::max(
      {deepest(call.positional), deepest(call.named), deepest(call.list), deepest(call.mapping)});
}

int below(const Literal&) { return 0; }
int below(const Name&) { return 0; }
int below(const ListLiteral& node) { return deepest(node.items); }
int below(const TupleLiteral& node) { return deepest(node.items); }
int below(const DictLiteral& node) { return deepest(node.entries); }
int below(const Attribute& node) { return deepest(node.object); }
int below(const Item& node) { return std::max(deepest(node.object), deepest(node.key)); }
int below(const Slice& node) {
  return std::max(
      {deepest(node.object), deepest(node.start), deepest(node.stop), deepest(node.step)});
}
int below(const Call& node) { return std::max(deepest(node.callee), deepest(node.arguments)); }
int below(const FilterCall& node) {
  return std::max(deepest(node.subject), deepest(node.arguments));
}
int below(const TestCall& node) { return std::max(deepest(node.subject), deepest(node.arguments)); }
int below(const Not& node) { return deepest(node.operand); }
int below(const Sign& node) { return deepest(node.operand); }
int below(const Binary& node) { return std::max(deepest(node.left), deepest(node.right)); }
int below(const Logical& node) { return std::max(deepest(node.left), deepest(node.right)); }
int below(const Concatenation& node) { return deepest(node.parts); }
int below(const Compare& node) { return std::max(deepest(node.first), deepest(node.rest)); }
int below(const Conditional& node) {
  return std::max({deepest(node.condition), deepest(node.then), deepest(node.otherwise)});
}

Value integer_value(const Token& token) {
  std::string_view digits = token.text;
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0') {
    const char mark = static_cast<char>(digits[1] | 32);
    base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    if (base != 10) digits.remove_prefix(2);
  }
  int64_t value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (end.ec != std::errc())
    throw SyntaxFailure(fmt::format("the integer {} does not fit in 64 bits", token.text),
                        token.line);
  return value;
}

Value float_value(const Token& token) {
  double value = 0;
  const auto end = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
  if (end.ec != std::errc())
    throw SyntaxFailure(fmt::format("the number {} is out of range", token.text), token.line);
  return value;
}

}  // namespace

template <class Node>
ExpressionPointer ExpressionParser::make(int line, Node node) {
  const int depth = below(node) + 1;
  if (depth > maximum_expression_depth)
    throw SyntaxFailure("an expression is nested too deeply", line);
  return std::make_unique<const Expression>(Expression{line, depth, std::move(node)});
}

ExpressionPointer ExpressionParser::expression(bool conditional) {
  const NestingGuard guard(nesting_, tokens_.line());
  auto value = disjunction();
  while (conditional && tokens_.at_name("if")) {
    const int line = tokens_.next().line;
    auto condition = disjunction();
    ExpressionPointer otherwise;
    if (tokens_.skip_name("else")) otherwise = expression();
    value = make(line, Conditional{std::move(condition), std::move(value), std::move(otherwise)});
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
  return make(line, TupleLiteral{std::move(items)});
}

ExpressionPointer ExpressionParser::disjunction() {
  auto left = conjunction();
  while (tokens_.at_name("or")) {
    const int line = tokens_.next().line;
    auto right = conjunction();
    left = make(line, Logical{false, std::move(left), std::move(right)});
  }
  return left;
}

ExpressionPointer ExpressionParser::conjunction() {
  auto left = negation();
  while (tokens_.at_name("and")) {
    const int line = tokens_.next().line;
    auto right = negation();
    left = make(line, Logical{true, std::move(left), std::move(right)});
  }
  return left;
}

ExpressionPointer ExpressionParser::negation() {
  if (!tokens_.at_name("not")) return comparison();
  const NestingGuard guard(nesting_, tokens_.line());
  const int line = tokens_.next().line;
  return make(line, Not{negation()});
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
  return make(line, Compare{std::move(first), std::move(rest)});
}

ExpressionPointer ExpressionParser::sum() {
  auto left = concatenation();
  while (tokens_.at_symbol("+") || tokens_.at_symbol("-")) {
    const Token symbol = tokens_.next();
    const auto operation = symbol.text == "+" ? Arithmetic::add : Arithmetic::subtract;
    auto right = concatenation();
    left = make(symbol.line, Binary{operation, std::move(left), std::move(right)});
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
  return make(line, Concatenation{std::move(parts)});
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
    left = make(line, Binary{found->second, std::move(left), std::move(right)});
  }
}

ExpressionPointer ExpressionParser::power() {
  auto left = unary(true);
  while (tokens_.at_symbol("**")) {
    const int line = tokens_.next().line;
    auto right = unary(true);
    left = make(line, Binary{Arithmetic::power, std::move(left), std::move(right)});
  }
  return left;
}

ExpressionPointer ExpressionParser::unary(bool with_filters) {
  ExpressionPointer value;
  if (tokens_.at_symbol("-") || tokens_.at_symbol("+")) {
    const NestingGuard guard(nesting_, tokens_.line());
    const Token symbol = tokens_.next();
    value = make(symbol.line, Sign{unary(false), symbol.text == "-"});
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
      return make(line, Literal{integer_value(tokens_.next())});
    case Token::Kind::floating:
      return make(line, Literal{float_value(tokens_.next())});
    case Token::Kind::string: {
      std::string joined;
      while (tokens_.at(Token::Kind::string)) joined += tokens_.next().text;
      return make(line, Literal{Value(std::move(joined))});
    }
    default:
      break;
  }
  if (tokens_.at_symbol("[")) return list();
  if (tokens_.at_symbol("{")) return dict();
  if (!tokens_.skip_symbol("(")) tokens_.fail(fmt::format("unexpected {}", tokens_.describe()));
  if (tokens_.skip_symbol(")")) return make(line, TupleLiteral{});
  auto inside = tuple();
  tokens_.expect_symbol(")");
  return inside;
}

ExpressionPointer ExpressionParser::name_or_constant() {
  const Token token = tokens_.next();
  const std::string& name = token.text;
  if (name == "true" || name == "True") return make(token.line, Literal{true});
  if (name == "false" || name == "False") return make(token.line, Literal{false});
  if (name == "none" || name == "None") return make(token.line, Literal{Value::none()});
  if (name[0] >= '0' && name[0] <= '9')
    throw SyntaxFailure(fmt::format("invalid name '{}'", name), token.line);
  names_.insert(name);
  return make(token.line, Name{name});
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
  return make(line, ListLiteral{std::move(items)});
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
  return make(line, std::move(node));
}

ExpressionPointer ExpressionParser::postfix(ExpressionPointer object) {
  while (true) {
    const int line = tokens_.line();
    if (tokens_.at_symbol(".")) {
      object = attribute(std::move(object));
    } else if (tokens_.at_symbol("[")) {
      object = subscript(std::move(object));
    } else if (tokens_.at_symbol("(")) {
      auto given = arguments();
      object = make(line, Call{std::move(object), std::move(given)});
    } else {
      return object;
    }
  }
}

ExpressionPointer ExpressionParser::attribute(ExpressionPointer object) {
  const int line = tokens_.next().line;
  if (tokens_.at(Token::Kind::integer)) {
    auto position = make(line, Literal{integer_value(tokens_.next())});
    return make(line, Item{std::move(object), std::move(position)});
  }
  return make(line, Attribute{std::move(object),
                              tokens_.expect(Token::Kind::name, "a name or number").text});
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
    return make(line, Slice{std::move(object), std::move(first), std::move(stop), std::move(step)});
  }
  if (!first) tokens_.fail("expected a subscript");
  if (tokens_.at_symbol(",")) {
    Expressions keys;
    keys.push_back(std::move(first));
    while (tokens_.skip_symbol(",")) keys.push_back(expression());
    first = make(line, TupleLiteral{std::move(keys)});
  }
  tokens_.expect_symbol("]");
  return make(line, Item{std::move(object), std::move(first)});
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
      subject = make(line, Call{std::move(subject), std::move(given)});
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
  return make(line, FilterCall{std::move(subject), filter, std::move(given)});
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
  auto result = make(line, TestCall{std::move(subject), found, std::move(given)});
  return negated ? make(line, Not{std::move(result)}) : std::move(result);
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
