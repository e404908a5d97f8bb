#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "models/prompt/jinja/filters.h"
#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/tests.h"
#include "models/prompt/jinja/value.h"

/// A parsed template: plain data, built by the parser and walked by the evaluator.
namespace quern::models::jinja {

struct Expression;
struct Statement;
using ExpressionPointer = std::unique_ptr<const Expression>;
using Expressions = std::vector<ExpressionPointer>;
using Body = std::vector<Statement>;

namespace ast {

struct CallArguments {
  Expressions positional;
  std::vector<std::pair<std::string, ExpressionPointer>> named;
  ExpressionPointer list;     ///< *list
  ExpressionPointer mapping;  ///< **mapping
};

struct Literal {
  Value value;
};
struct Name {
  std::string name;
};
struct ListLiteral {
  Expressions items;
};
struct TupleLiteral {
  Expressions items;
};
struct DictLiteral {
  std::vector<std::pair<ExpressionPointer, ExpressionPointer>> entries;
};
struct Attribute {
  ExpressionPointer object;
  std::string name;
};
struct Item {
  ExpressionPointer object, key;
};
struct Slice {
  ExpressionPointer object, start, stop, step;  ///< absent bounds are null
};
struct Call {
  ExpressionPointer callee;
  CallArguments arguments;
};
/// `subject` is null in the head of a filter block or a block set: the body takes its place.
struct FilterCall {
  ExpressionPointer subject;
  Filter filter;
  CallArguments arguments;
};
struct TestCall {
  ExpressionPointer subject;
  Test test;
  CallArguments arguments;
};
struct Not {
  ExpressionPointer operand;
};
struct Sign {
  ExpressionPointer operand;
  bool negative;
};
struct Binary {
  Arithmetic operation;
  ExpressionPointer left, right;
};
struct Logical {
  bool is_and;
  ExpressionPointer left, right;
};
struct Concatenation {
  Expressions parts;
};
enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal, in, not_in };
/// first op operand op operand ...: every neighbouring pair must hold.
struct Compare {
  ExpressionPointer first;
  std::vector<std::pair<Comparison, ExpressionPointer>> rest;
};
struct Conditional {
  ExpressionPointer condition, then, otherwise;  ///< otherwise may be null: undefined
};

/// Where an assignment goes: a name, an attribute of a namespace, or a tuple of targets.
struct Target {
  std::string name;
  std::string attribute;
  std::vector<Target> parts;  ///< not empty for a tuple
};

}  // namespace ast

using ExpressionNode =
    std::variant<ast::Literal, ast::Name, ast::ListLiteral, ast::TupleLiteral, ast::DictLiteral,
                 ast::Attribute, ast::Item, ast::Slice, ast::Call, ast::FilterCall, ast::TestCall,
                 ast::Not, ast::Sign, ast::Binary, ast::Logical, ast::Concatenation, ast::Compare,
                 ast::Conditional>;

struct Expression {
  int line;
  int depth;  ///< levels of expressions from here down, this one included
  ExpressionNode node;
};

namespace ast {

struct Parameter {
  std::string name;
  ExpressionPointer fallback;  ///< null when there is none
};

struct Function {
  std::string name;
  std::vector<Parameter> parameters;
  Body body;
  /// Whether the body reads the variables of these names, which the call then fills.
  bool takes_caller = false, takes_varargs = false, takes_kwargs = false;
};

struct Data {
  std::string text;
};
struct Output {
  ExpressionPointer value;
};
struct If {
  std::vector<std::pair<ExpressionPointer, Body>> branches;
  Body otherwise;
};
struct For {
  Target target;
  ExpressionPointer iterable, filter;  ///< filter may be null
  Body body, otherwise;
  bool recursive = false;  ///< whether the body may call loop(...)
};
struct Set {
  Target target;
  ExpressionPointer value;
};
struct SetBlock {
  Target target;
  ExpressionPointer filter;  ///< null when there is none
  Body body;
};
struct MacroDefinition {
  Function function;
};
struct CallBlock {
  ExpressionPointer call;
  Function caller;
};
struct FilterBlock {
  ExpressionPointer filter;
  Body body;
};
struct With {
  std::vector<std::pair<Target, ExpressionPointer>> assignments;
  Body body;
};
struct Do {
  ExpressionPointer expression;
};
struct Break {};
struct Continue {};

}  // namespace ast

struct Statement {
  int line;
  std::variant<ast::Data, ast::Output, ast::If, ast::For, ast::Set, ast::SetBlock,
               ast::MacroDefinition, ast::CallBlock, ast::FilterBlock, ast::With, ast::Do,
               ast::Break, ast::Continue>
      node;
};

struct Template {
  Body body;
  /// Every name that an expression reads.
  std::set<std::string, std::less<>> names;
};

}  // namespace quern::models::jinja
