#include "models/prompt/jinja/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <map>

#include "models/prompt/jinja/expression_parser.h"
#include "models/prompt/jinja/nesting.h"
#include "models/prompt/jinja/token_stream.h"

namespace quern::models::jinja {
namespace {

using namespace ast;

bool assigns_loop(const Target& target) {
  return target.name == "loop" ||
         std::any_of(target.parts.begin(), target.parts.end(), assigns_loop);
}

class Parser {
 public:
  Parser(std::vector<Token> tokens, std::set<std::string, std::less<>>& names)
      : tokens_(std::move(tokens)), names_(names), expressions_(tokens_, names) {}

  Body run() {
    Body body = statements({});
    if (!tokens_.at(Token::Kind::end))
      tokens_.fail(fmt::format("unexpected {}", tokens_.describe()));
    return body;
  }

 private:
  using Names = std::initializer_list<std::string_view>;
  using StatementParser = Statement (Parser::*)(int line);

  /// Statements up to a block that begins with one of the names, which is not read.
  Body statements(Names ends) {
    const NestingGuard guard(nesting_, tokens_.line());
    Body body;
    while (!tokens_.at(Token::Kind::end)) {
      const int line = tokens_.line();
      if (tokens_.at(Token::Kind::data)) {
        body.push_back({line, Data{tokens_.next().text}});
      } else if (tokens_.at(Token::Kind::variable_begin)) {
        tokens_.next();
        body.push_back({line, Output{expressions_.tuple()}});
        tokens_.expect(Token::Kind::variable_end, "'}}'");
      } else {
        tokens_.expect(Token::Kind::block_begin, "'{%'");
        const auto ends_here = [&](std::string_view name) { return tokens_.at_name(name); };
        if (std::any_of(ends.begin(), ends.end(), ends_here)) return body;
        body.push_back(statement());
        block_end();
      }
    }
    if (ends.size() > 0) {
      tokens_.fail(fmt::format("the end of the template comes before '{}'", *(ends.end() - 1)));
    }
    return body;
  }

  /// Behind the head of a block: its body up to `end`, which is read.
  Body body_until(std::string_view end) {
    block_end();
    Body body = statements({end});
    tokens_.next();
    return body;
  }

  void block_end() { tokens_.expect(Token::Kind::block_end, "'%}'"); }

  Statement statement() {
    static const std::map<std::string_view, StatementParser> parsers{
        {"break", &Parser::break_loop},
        {"call", &Parser::call_block},
        {"continue", &Parser::continue_loop},
        {"do", &Parser::do_expression},
        {"filter", &Parser::filter_block},
        {"for", &Parser::for_loop},
        {"generation", &Parser::generation},
        {"if", &Parser::if_chain},
        {"macro", &Parser::macro},
        {"print", &Parser::print},
        {"set", &Parser::set},
        {"with", &Parser::with},
    };
    static constexpr std::string_view unsupported[] = {"include", "import",     "from",
                                                       "extends", "autoescape", "block"};
    const Token token = tokens_.expect(Token::Kind::name, "a tag name");
    const auto found = parsers.find(token.text);
    if (found != parsers.end()) return (this->*found->second)(token.line);
    const bool known = std::find(std::begin(unsupported), std::end(unsupported), token.text) !=
                       std::end(unsupported);
    throw SyntaxFailure(fmt::format("the tag '{}' {}", token.text,
                                    known ? "is not supported in chat templates" : "is unknown"),
                        token.line);
  }

  Statement if_chain(int line) {
    If node;
    auto condition = expressions_.tuple(false);
    while (true) {
      block_end();
      node.branches.emplace_back(std::move(condition), statements({"elif", "else", "endif"}));
      const std::string next = tokens_.next().text;
      if (next == "endif") break;
      if (next == "else") {
        node.otherwise = body_until("endif");
        break;
      }
      condition = expressions_.tuple(false);
    }
    return {line, std::move(node)};
  }

  Statement for_loop(int line) {
    For node;
    node.target = expressions_.target("in", false);
    if (assigns_loop(node.target))
      throw SyntaxFailure("cannot assign to 'loop' in a for loop", line);
    tokens_.expect_name("in");
    node.iterable = expressions_.tuple(false, "recursive");
    if (tokens_.skip_name("if")) node.filter = expressions_.expression();
    node.recursive = tokens_.skip_name("recursive");
    ++loops_;
    block_end();
    node.body = statements({"endfor", "else"});
    --loops_;
    if (tokens_.next().text == "else") node.otherwise = body_until("endfor");
    return {line, std::move(node)};
  }

  Statement break_loop(int line) {
    if (loops_ == 0) throw SyntaxFailure("break outside of a loop", line);
    return {line, Break{}};
  }

  Statement continue_loop(int line) {
    if (loops_ == 0) throw SyntaxFailure("continue outside of a loop", line);
    return {line, Continue{}};
  }

  Statement set(int line) {
    Target target = expressions_.target({}, true);
    if (tokens_.skip_symbol("=")) return {line, Set{std::move(target), expressions_.tuple()}};
    ExpressionPointer filter;
    if (tokens_.skip_symbol("|")) filter = expressions_.filters(nullptr);
    return {line, SetBlock{std::move(target), std::move(filter), body_until("endset")}};
  }

  Statement print(int line) { return {line, Output{expressions_.tuple()}}; }

  Statement do_expression(int line) { return {line, Do{expressions_.tuple()}}; }

  Statement with(int line) {
    With node;
    while (!tokens_.at(Token::Kind::block_end)) {
      if (!node.assignments.empty()) tokens_.expect_symbol(",");
      Target target = expressions_.single_target(false);
      tokens_.expect_symbol("=");
      node.assignments.emplace_back(std::move(target), expressions_.expression());
    }
    node.body = body_until("endwith");
    return {line, std::move(node)};
  }

  Statement generation(int line) { return {line, With{{}, body_until("endgeneration")}}; }

  Statement filter_block(int line) {
    auto filter = expressions_.filters(nullptr);
    return {line, FilterBlock{std::move(filter), body_until("endfilter")}};
  }

  std::vector<Parameter> parameters() {
    std::vector<Parameter> list;
    tokens_.expect_symbol("(");
    while (!tokens_.at_symbol(")")) {
      if (!list.empty()) tokens_.expect_symbol(",");
      Parameter parameter{expressions_.target_name(), nullptr};
      if (tokens_.skip_symbol("=")) {
        parameter.fallback = expressions_.expression();
      } else if (!list.empty() && list.back().fallback) {
        tokens_.fail("a parameter without a default follows one with a default");
      }
      list.push_back(std::move(parameter));
    }
    tokens_.next();
    return list;
  }

  /// The body of a macro or call block, which also decides what the call will fill in.
  void finish(Function& function, std::string_view end) {
    // The body's own names show whether it asks for caller, varargs and kwargs.
    std::set<std::string, std::less<>> outside;
    outside.swap(names_);
    const int loops = std::exchange(loops_, 0);
    function.body = body_until(end);
    loops_ = loops;
    const auto reads = [&](std::string_view name) {
      const auto declares = [&](const Parameter& parameter) { return parameter.name == name; };
      return names_.contains(name) &&
             std::none_of(function.parameters.begin(), function.parameters.end(), declares);
    };
    function.takes_caller = reads("caller");
    function.takes_varargs = reads("varargs");
    function.takes_kwargs = reads("kwargs");
    names_.merge(outside);
  }

  Statement macro(int line) {
    Function function;
    function.name = expressions_.target_name();
    function.parameters = parameters();
    finish(function, "endmacro");
    return {line, MacroDefinition{std::move(function)}};
  }

  Statement call_block(int line) {
    Function caller;
    if (tokens_.at_symbol("(")) caller.parameters = parameters();
    auto call = expressions_.expression();
    if (!std::holds_alternative<Call>(call->node)) throw SyntaxFailure("expected a call", line);
    finish(caller, "endcall");
    return {line, CallBlock{std::move(call), std::move(caller)}};
  }

  TokenStream tokens_;
  std::set<std::string, std::less<>>& names_;
  ExpressionParser expressions_;
  int nesting_ = 0;
  int loops_ = 0;
};

}  // namespace

Template parse_template(std::string_view source) {
  Template parsed;
  parsed.body = Parser(tokenize(source), parsed.names).run();
  return parsed;
}

}  // namespace quern::models::jinja
