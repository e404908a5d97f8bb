#include "models/prompt/jinja/evaluator.h"

#include <fmt/format.h>

#include "models/prompt/jinja/globals.h"
#include "models/prompt/jinja/macro.h"
#include "models/prompt/jinja/methods.h"
#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/python_text.h"

namespace quern::models::jinja {
namespace {

std::optional<int64_t> slice_bound(const Value& value) {
  if (value.is_none()) return std::nullopt;
  value.require_defined();
  if (!value.is_integral())
    throw Failure("slice indices must be integers, not {}", value.type_name());
  return value.integer();
}

}  // namespace

Evaluator::Evaluator(const std::tm& now) : Runtime(now) {
  const auto globals = std::make_shared<Scope>(nullptr);
  for (const auto& [name, function] : global_functions()) {
    globals->set(name, make_function(*this, name, function));
  }
  scope_ = std::make_shared<Scope>(globals);
}

void Evaluator::set_variable(std::string_view name, Value value) {
  scope_->set(name, std::move(value));
}

std::string Evaluator::render(const Template& parsed) {
  execute(parsed.body);
  return std::move(output_);
}

Value Evaluator::evaluate(const Expression& expression) {
  const Depth depth(*this);
  spend(1);
  line_ = expression.line;
  return std::visit([this](const auto& node) { return evaluate(node); }, expression.node);
}

Value Evaluator::evaluate(const ast::Name& node) {
  const Value* found = scope_->find(node.name);
  return found ? *found : Value::undefined(fmt::format("'{}' is undefined", node.name));
}

std::vector<Value> Evaluator::evaluate_all(const Expressions& expressions) {
  std::vector<Value> values;
  values.reserve(expressions.size());
  for (const auto& expression : expressions) values.push_back(evaluate(*expression));
  return values;
}

Value Evaluator::evaluate(const ast::ListLiteral& node) {
  return make_list(evaluate_all(node.items));
}

Value Evaluator::evaluate(const ast::TupleLiteral& node) {
  return make_tuple(evaluate_all(node.items));
}

Value Evaluator::evaluate(const ast::DictLiteral& node) {
  reserve_values(2 * node.entries.size());
  Dict* dict = make<Dict>();
  for (const auto& [key, value] : node.entries) {
    const Value name = evaluate(*key);
    dict->set(name, evaluate(*value));
  }
  return dict;
}

Value Evaluator::evaluate(const ast::Attribute& node) {
  return get_attribute(*this, evaluate(*node.object), node.name);
}

Value Evaluator::evaluate(const ast::Item& node) {
  const Value object = evaluate(*node.object);
  return get_item(*this, object, evaluate(*node.key));
}

Value Evaluator::evaluate(const ast::Slice& node) {
  const auto bound = [this](const ExpressionPointer& expression) {
    return expression ? slice_bound(evaluate(*expression)) : std::nullopt;
  };
  const Value object = evaluate(*node.object);
  const auto start = bound(node.start), stop = bound(node.stop);
  return get_slice(*this, object, start, stop, bound(node.step));
}

Arguments Evaluator::evaluate_arguments(const ast::CallArguments& node) {
  Arguments given{evaluate_all(node.positional), {}};
  for (const auto& [name, expression] : node.named)
    given.named.emplace_back(name, evaluate(*expression));
  if (node.list) {
    const auto more = iterate(*this, evaluate(*node.list));
    given.positional.insert(given.positional.end(), more.begin(), more.end());
  }
  if (node.mapping) {
    const Value mapping = evaluate(*node.mapping);
    if (!mapping.dict())
      throw Failure("the argument after ** must be a mapping, not {}", mapping.type_name());
    for (const auto& [key, value] : mapping.dict()->entries()) {
      if (!key.is_string()) throw Failure("keywords must be strings");
      given.named.emplace_back(key.string(), value);
    }
  }
  return given;
}

Value Evaluator::evaluate_call(const ast::Call& node, const Value* caller) {
  const auto given = [&] {
    Arguments arguments = evaluate_arguments(node.arguments);
    if (caller) arguments.named.emplace_back("caller", *caller);
    return arguments;
  };
  const auto* attribute = std::get_if<ast::Attribute>(&node.callee->node);
  if (!attribute) {
    const Value callee = evaluate(*node.callee);
    return call(callee, given());
  }
  const Value object = evaluate(*attribute->object);
  object.require_defined();
  const Method method = find_method(object.kind(), attribute->name);
  if (!method) {
    const Value callee = get_attribute(*this, object, attribute->name);
    return call(callee, given());
  }
  // Without making the bound method, which would stay until the end.
  if (object.is_string()) reserve_bytes(object.string().size());
  const Value result = method(*this, object, given());
  if (result.is_string()) reserve_bytes(result.string().size());
  return result;
}

Value Evaluator::call(const Value& callable, const Arguments& arguments) {
  const Depth depth(*this);
  callable.require_defined();
  if (callable.kind() != Kind::callable) {
    throw Failure("'{}' object is not callable", callable.type_name());
  }
  const int line = line_;
  const Value result = static_cast<Callable*>(callable.object())->call(*this, arguments);
  line_ = line;
  return result;
}

Value Evaluator::evaluate(const ast::FilterCall& node) {
  const Value subject = node.subject ? evaluate(*node.subject) : open_subject_;
  if (subject.is_string()) reserve_bytes(subject.string().size());
  const Value result = node.filter(*this, subject, evaluate_arguments(node.arguments));
  if (result.is_string()) reserve_bytes(result.string().size());
  return result;
}

Value Evaluator::apply_filters(const Expression& filters, Value subject) {
  const Value outer = std::exchange(open_subject_, std::move(subject));
  Value result = evaluate(filters);
  open_subject_ = outer;
  return result;
}

Value Evaluator::evaluate(const ast::TestCall& node) {
  const Value subject = evaluate(*node.subject);
  return node.test(*this, subject, evaluate_arguments(node.arguments));
}

Value Evaluator::evaluate(const ast::Sign& node) {
  const Value operand = evaluate(*node.operand);
  return node.negative ? negate(operand) : posit(operand);
}

Value Evaluator::evaluate(const ast::Binary& node) {
  const Value left = evaluate(*node.left);
  return arithmetic(*this, node.operation, left, evaluate(*node.right));
}

Value Evaluator::evaluate(const ast::Logical& node) {
  Value left = evaluate(*node.left);
  return left.truth() == node.is_and ? evaluate(*node.right) : left;
}

Value Evaluator::evaluate(const ast::Concatenation& node) {
  std::string joined;
  for (const auto& part : node.parts) {
    joined += to_text(evaluate(*part));
    check_bytes(joined.size());
  }
  reserve_bytes(joined.size());
  return joined;
}

bool Evaluator::holds(ast::Comparison comparison, const Value& left, const Value& right) {
  switch (comparison) {
    case ast::Comparison::equal:
      return equal(left, right);
    case ast::Comparison::not_equal:
      return !equal(left, right);
    case ast::Comparison::less:
      return less(left, right);
    case ast::Comparison::less_equal:
      return less(left, right) || equal(left, right);
    case ast::Comparison::greater:
      return less(right, left);
    case ast::Comparison::greater_equal:
      return less(right, left) || equal(left, right);
    case ast::Comparison::in:
      return contains(*this, right, left);
    case ast::Comparison::not_in:
      return !contains(*this, right, left);
  }
  return false;
}

Value Evaluator::evaluate(const ast::Compare& node) {
  Value left = evaluate(*node.first);
  for (const auto& [comparison, operand] : node.rest) {
    Value right = evaluate(*operand);
    if (!holds(comparison, left, right)) return false;
    left = std::move(right);
  }
  return true;
}

Value Evaluator::evaluate(const ast::Conditional& node) {
  if (evaluate(*node.condition).truth()) return evaluate(*node.then);
  if (node.otherwise) return evaluate(*node.otherwise);
  return Value::undefined("the inline if-expression was false and has no else");
}

}  // namespace quern::models::jinja
