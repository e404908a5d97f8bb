#pragma once

#include <memory>

#include "models/prompt/jinja/evaluator.h"

namespace quern::models::jinja {

/// A macro, or the body of a call block, with the scope that it was defined in.
class Macro final : public Callable {
 public:
  Macro(Evaluator& evaluator, const ast::Function& function, std::shared_ptr<Scope> closure)
      : evaluator_(evaluator), function_(function), closure_(std::move(closure)) {}

  std::string type_name() const override { return fmt::format("Macro '{}'", function_.name); }
  std::optional<Value> attribute(Runtime& runtime, std::string_view name) override;
  Value call(Runtime&, const Arguments& arguments) override {
    return evaluator_.call_macro(function_, closure_, arguments);
  }

 private:
  Evaluator& evaluator_;
  const ast::Function& function_;
  const std::shared_ptr<Scope> closure_;
};

}  // namespace quern::models::jinja
