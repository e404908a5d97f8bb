#include "models/prompt/jinja/make_expression.h"

#include <algorithm>

#include "models/prompt/jinja/lexer.h"

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

}  // namespace

ExpressionPointer make_expression(int line, ExpressionNode node) {
  const int depth = std::visit([](const auto& which) { return below(which); }, node) + 1;
  if (depth > maximum_expression_depth) {
    throw SyntaxFailure("an expression is nested too deeply", line);
  }
  return std::make_unique<const Expression>(Expression{line, depth, std::move(node)});
}

}  // namespace quern::models::jinja
