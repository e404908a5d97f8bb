#include "models/prompt/jinja/evaluator.h"
#include "models/prompt/jinja/macro.h"
#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/python_text.h"

namespace quern::models::jinja {

/// Another scope for as long as it lives.
class Evaluator::ScopeChange {
 public:
  ScopeChange(Evaluator& evaluator, std::shared_ptr<Scope> scope)
      : evaluator_(evaluator), outer_(std::exchange(evaluator.scope_, std::move(scope))) {}
  ~ScopeChange() { evaluator_.scope_ = std::move(outer_); }
  ScopeChange(const ScopeChange&) = delete;
  ScopeChange& operator=(const ScopeChange&) = delete;

  const std::shared_ptr<Scope>& outer() const { return outer_; }

 private:
  Evaluator& evaluator_;
  std::shared_ptr<Scope> outer_;
};

Flow Evaluator::execute(const Body& body) {
  for (const Statement& statement : body) {
    line_ = statement.line;
    spend(1);
    const Flow flow =
        std::visit([this](const auto& node) { return execute(node); }, statement.node);
    if (flow != Flow::normal) return flow;
  }
  return Flow::normal;
}

void Evaluator::write(std::string_view text) {
  check_bytes(output_.size() + text.size());
  charge(text.size());
  output_ += text;
}

Flow Evaluator::execute(const ast::Data& node) {
  write(node.text);
  return Flow::normal;
}

Flow Evaluator::execute(const ast::Output& node) {
  const Value value = evaluate(*node.value);
  value.is_string() ? write(value.string()) : write(to_text(value));
  return Flow::normal;
}

Flow Evaluator::execute(const ast::If& node) {
  for (const auto& [condition, body] : node.branches) {
    if (evaluate(*condition).truth()) return execute(body);
  }
  return execute(node.otherwise);
}

std::vector<Value> Evaluator::loop_items(const ast::For& node, const Value& iterable) {
  auto items = iterate(*this, iterable);
  if (!node.filter) return items;
  std::vector<Value> kept;
  for (Value& item : items) {
    const ScopeChange change(*this, std::make_shared<Scope>(scope_));
    assign(node.target, item);
    if (evaluate(*node.filter).truth()) kept.push_back(std::move(item));
  }
  return kept;
}

Flow Evaluator::run_loop(const ast::For& node, const Value& iterable, int depth) {
  Loop* loop = make<Loop>(*this, node, scope_, loop_items(node, iterable), depth);
  // As in Jinja2, a round that break or continue cuts short does not count against `else`.
  bool completed = false;
  const auto outer = scope_;
  auto inside = std::make_shared<Scope>(outer);
  for (size_t i = 0; i < loop->size(); ++i) {
    // A macro defined in the body may still hold the scope of the round before.
    if (inside.use_count() > 1) inside = std::make_shared<Scope>(outer);
    inside->clear();
    const ScopeChange change(*this, inside);
    inside->set("loop", loop);
    assign(node.target, loop->enter(i));
    const Flow flow = execute(node.body);
    if (flow == Flow::break_loop) break;
    completed = completed || flow == Flow::normal;
  }
  if (completed) return Flow::normal;
  const ScopeChange change(*this, std::make_shared<Scope>(scope_));
  return execute(node.otherwise);
}

Flow Evaluator::execute(const ast::For& node) {
  const Depth depth(*this);
  return run_loop(node, evaluate(*node.iterable), 0);
}

Value Evaluator::call_loop(const ast::For& node, const std::shared_ptr<Scope>& outside,
                           const Value& iterable, int depth) {
  const ScopeChange change(*this, outside);
  std::string outer_output = std::exchange(output_, {});
  run_loop(node, iterable, depth);
  return std::exchange(output_, std::move(outer_output));
}

void Evaluator::assign(const ast::Target& target, const Value& value) {
  if (!target.parts.empty()) {
    const auto values = iterate(*this, value);
    if (values.size() != target.parts.size()) {
      throw Failure("cannot unpack {} values into {}", values.size(), target.parts.size());
    }
    for (size_t i = 0; i < values.size(); ++i) assign(target.parts[i], values[i]);
  } else if (target.attribute.empty()) {
    scope_->set(target.name, value);
  } else {
    const Value* holder = scope_->find(target.name);
    if (!holder || holder->kind() != Kind::name_space) {
      throw Failure("cannot assign attribute on non-namespace object");
    }
    reserve_values(2);
    static_cast<Namespace*>(holder->object())->attributes->set(target.attribute, value);
  }
}

Flow Evaluator::execute(const ast::Set& node) {
  assign(node.target, evaluate(*node.value));
  return Flow::normal;
}

std::string Evaluator::capture(const Body& body, Flow& flow) {
  const Depth depth(*this);
  const ScopeChange change(*this, std::make_shared<Scope>(scope_));
  std::string outer_output = std::exchange(output_, {});
  flow = execute(body);
  return std::exchange(output_, std::move(outer_output));
}

Flow Evaluator::execute(const ast::SetBlock& node) {
  Flow flow;
  Value text = capture(node.body, flow);
  if (flow != Flow::normal) return flow;
  assign(node.target, node.filter ? apply_filters(*node.filter, std::move(text)) : text);
  return Flow::normal;
}

Flow Evaluator::execute(const ast::FilterBlock& node) {
  Flow flow;
  Value text = capture(node.body, flow);
  if (flow != Flow::normal) return flow;
  const Value filtered = apply_filters(*node.filter, std::move(text));
  if (!filtered.is_string()) {
    throw Failure("a filter block must give a string, not {}", filtered.type_name());
  }
  write(filtered.string());
  return Flow::normal;
}

Flow Evaluator::execute(const ast::MacroDefinition& node) {
  scope_->set(node.function.name, make<Macro>(*this, node.function, scope_));
  return Flow::normal;
}

Flow Evaluator::execute(const ast::CallBlock& node) {
  const Value caller = make<Macro>(*this, node.caller, scope_);
  const Depth depth(*this);
  write(to_text(evaluate_call(std::get<ast::Call>(node.call->node), &caller)));
  return Flow::normal;
}

Flow Evaluator::execute(const ast::With& node) {
  const Depth depth(*this);
  const auto inside = std::make_shared<Scope>(scope_);
  std::vector<Value> values;
  for (const auto& [target, expression] : node.assignments) values.push_back(evaluate(*expression));
  const ScopeChange change(*this, inside);
  for (size_t i = 0; i < values.size(); ++i) assign(node.assignments[i].first, values[i]);
  return execute(node.body);
}

Flow Evaluator::execute(const ast::Do& node) {
  evaluate(*node.expression);
  return Flow::normal;
}

}  // namespace quern::models::jinja
