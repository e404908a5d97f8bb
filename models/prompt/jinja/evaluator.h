#pragma once

#include <memory>
#include <string>

#include "models/prompt/jinja/ast.h"
#include "models/prompt/jinja/loop.h"
#include "models/prompt/jinja/runtime.h"
#include "models/prompt/jinja/scope.h"

namespace quern::models::jinja {

/// How a body ended: at its end, or on the way out of a loop.
enum class Flow { normal, break_loop, continue_loop };

/// Walks a template once. Made for one rendering and thrown away; any failure leaves it unusable.
class Evaluator final : public Runtime {
 public:
  explicit Evaluator(const std::tm& now);

  /// A variable of the template. The name must outlive the evaluator.
  void set_variable(std::string_view name, Value value);
  /// What the template writes. Throws Failure.
  std::string render(const Template& parsed);
  /// The line being evaluated, for errors.
  int line() const { return line_; }

  Value call(const Value& callable, const Arguments& arguments) override;
  /// What a macro or a call block's body writes when called.
  Value call_macro(const ast::Function& function, const std::shared_ptr<Scope>& closure,
                   const Arguments& arguments);
  /// What a recursive loop writes for other items, one level deeper.
  Value call_loop(const ast::For& node, const std::shared_ptr<Scope>& outside,
                  const Value& iterable, int depth);

 private:
  /// One level of recursion: expressions, bodies and calls together stay far from the stack's end.
  class Depth {
   public:
    explicit Depth(Evaluator& evaluator) : evaluator_(evaluator) {
      if (evaluator_.depth_ >= maximum) throw Failure("the template recurses too deeply");
      ++evaluator_.depth_;
    }
    ~Depth() { --evaluator_.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

   private:
    /// Half a megabyte of stack is enough, which is what a thread has at least.
    static constexpr int maximum = 700;

    Evaluator& evaluator_;
  };
  class ScopeChange;

  Value evaluate(const Expression& expression);
  Value evaluate(const ast::Literal& node) { return node.value; }
  Value evaluate(const ast::Name& node);
  Value evaluate(const ast::ListLiteral& node);
  Value evaluate(const ast::TupleLiteral& node);
  Value evaluate(const ast::DictLiteral& node);
  Value evaluate(const ast::Attribute& node);
  Value evaluate(const ast::Item& node);
  Value evaluate(const ast::Slice& node);
  Value evaluate(const ast::Call& node) { return evaluate_call(node, nullptr); }
  Value evaluate(const ast::FilterCall& node);
  Value evaluate(const ast::TestCall& node);
  Value evaluate(const ast::Not& node) { return !evaluate(*node.operand).truth(); }
  Value evaluate(const ast::Sign& node);
  Value evaluate(const ast::Binary& node);
  Value evaluate(const ast::Logical& node);
  Value evaluate(const ast::Concatenation& node);
  Value evaluate(const ast::Compare& node);
  Value evaluate(const ast::Conditional& node);
  /// A call, with a call block's body as the argument `caller` unless that is null.
  Value evaluate_call(const ast::Call& node, const Value* caller);
  std::vector<Value> evaluate_all(const Expressions& expressions);
  Arguments evaluate_arguments(const ast::CallArguments& node);
  bool holds(ast::Comparison comparison, const Value& left, const Value& right);

  Flow execute(const Body& body);
  Flow execute(const ast::Data& node);
  Flow execute(const ast::Output& node);
  Flow execute(const ast::If& node);
  Flow execute(const ast::For& node);
  Flow execute(const ast::Set& node);
  Flow execute(const ast::SetBlock& node);
  Flow execute(const ast::MacroDefinition& node);
  Flow execute(const ast::CallBlock& node);
  Flow execute(const ast::FilterBlock& node);
  Flow execute(const ast::With& node);
  Flow execute(const ast::Do& node);
  Flow execute(const ast::Break&) { return Flow::break_loop; }
  Flow execute(const ast::Continue&) { return Flow::continue_loop; }

  Flow run_loop(const ast::For& node, const Value& iterable, int depth);
  std::vector<Value> loop_items(const ast::For& node, const Value& iterable);
  void assign(const ast::Target& target, const Value& value);
  void write(std::string_view text);
  /// A filter chain whose innermost subject is left open, applied to `subject`.
  Value apply_filters(const Expression& filters, Value subject);
  /// Runs the body in a scope of its own and gives what it wrote.
  std::string capture(const Body& body, Flow& flow);

  std::shared_ptr<Scope> scope_;
  std::string output_;
  /// What an open filter chain filters.
  Value open_subject_;
  int line_ = 1;
  int depth_ = 0;
};

}  // namespace quern::models::jinja
