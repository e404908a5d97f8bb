#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "models/prompt/jinja/ast.h"
#include "models/prompt/jinja/objects.h"
#include "models/prompt/jinja/scope.h"

namespace quern::models::jinja {

class Evaluator;

/// The variable `loop` inside a for loop. Calling it runs the loop again over other items.
class Loop final : public Callable {
 public:
  /// `outside` is the scope around the loop; `depth` is 0 unless the loop was called by itself.
  Loop(Evaluator& evaluator, const ast::For& node, std::shared_ptr<Scope> outside,
       std::vector<Value> items, int depth);

  std::string type_name() const override { return "LoopContext"; }
  std::optional<Value> attribute(Runtime& runtime, std::string_view name) override;
  Value call(Runtime& runtime, const Arguments& arguments) override;

  size_t size() const { return items_.size(); }
  const Value& enter(size_t position) { return items_[position_ = position]; }
  size_t position() const { return position_; }

  /// Whether the values differ from those of the last time it was asked.
  bool changed(const std::vector<Value>& values);

 private:
  Evaluator& evaluator_;
  const ast::For& node_;
  const std::shared_ptr<Scope> outside_;
  const std::vector<Value> items_;
  const int depth_;
  size_t position_ = 0;
  std::optional<std::vector<Value>> last_seen_;
};

}  // namespace quern::models::jinja
