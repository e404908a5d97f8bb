#include "models/prompt/jinja/macro.h"

#include <fmt/format.h>

namespace quern::models::jinja {
namespace {

/// Lays the arguments of one call out on a macro's parameters and the names it asks for.
class MacroCall {
 public:
  MacroCall(Runtime& runtime, const ast::Function& function, const Arguments& given)
      : runtime_(runtime), function_(function), given_(given), used_(given.named.size()) {}

  /// Sets what was passed; absent parameters are for the caller to fill.
  void bind(Scope& scope) {
    const auto& parameters = function_.parameters;
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (i < given_.positional.size()) {
        scope.set(parameters[i].name, given_.positional[i]);
      } else if (const Value* named = take(parameters[i].name)) {
        scope.set(parameters[i].name, *named);
      }
    }
    if (function_.takes_caller) {
      const Value* caller = take("caller");
      scope.set("caller", caller ? *caller : Value::undefined("No caller defined"));
    }
    bind_rest(scope);
  }

  bool passes(size_t parameter) const {
    if (parameter < given_.positional.size()) return true;
    for (const auto& [name, value] : given_.named) {
      if (name == function_.parameters[parameter].name) return true;
    }
    return false;
  }

 private:
  const Value* take(std::string_view name) {
    for (size_t i = 0; i < given_.named.size(); ++i) {
      if (!used_[i] && given_.named[i].first == name) {
        used_[i] = true;
        return &given_.named[i].second;
      }
    }
    return nullptr;
  }

  void bind_rest(Scope& scope) {
    Dict* keywords = function_.takes_kwargs ? runtime_.make<Dict>() : nullptr;
    for (size_t i = 0; i < given_.named.size(); ++i) {
      if (used_[i]) continue;
      const auto& [name, value] = given_.named[i];
      if (!keywords) {
        throw Failure("macro '{}' takes no keyword argument '{}'", function_.name, name);
      }
      keywords->set(name, value);
    }
    if (keywords) scope.set("kwargs", keywords);

    const size_t taken = std::min(given_.positional.size(), function_.parameters.size());
    const auto rest = given_.positional.begin() + static_cast<std::ptrdiff_t>(taken);
    if (function_.takes_varargs) {
      scope.set("varargs", runtime_.make_tuple({rest, given_.positional.end()}));
    } else if (rest != given_.positional.end()) {
      throw Failure("macro '{}' takes not more than {} arguments", function_.name,
                    function_.parameters.size());
    }
  }

  Runtime& runtime_;
  const ast::Function& function_;
  const Arguments& given_;
  std::vector<bool> used_;
};

}  // namespace

std::optional<Value> Macro::attribute(Runtime& runtime, std::string_view name) {
  if (name == "name") return Value(function_.name);
  if (name == "caller") return Value(function_.takes_caller);
  if (name == "catch_kwargs") return Value(function_.takes_kwargs);
  if (name == "catch_varargs") return Value(function_.takes_varargs);
  if (name != "arguments") return std::nullopt;
  std::vector<Value> names;
  for (const auto& parameter : function_.parameters) names.emplace_back(parameter.name);
  return runtime.make_tuple(std::move(names));
}

Value Evaluator::call_macro(const ast::Function& function, const std::shared_ptr<Scope>& closure,
                            const Arguments& arguments) {
  const auto inside = std::make_shared<Scope>(closure);
  MacroCall call(*this, function, arguments);
  call.bind(*inside);
  const auto outer_scope = std::exchange(scope_, inside);
  std::string outer_output = std::exchange(output_, {});
  for (size_t i = 0; i < function.parameters.size(); ++i) {
    const auto& parameter = function.parameters[i];
    if (call.passes(i)) continue;
    inside->set(parameter.name, parameter.fallback
                                    ? evaluate(*parameter.fallback)
                                    : Value::undefined(fmt::format(
                                          "parameter '{}' was not provided", parameter.name)));
  }
  execute(function.body);
  scope_ = outer_scope;
  return std::exchange(output_, std::move(outer_output));
}

}  // namespace quern::models::jinja
