#include "models/prompt/jinja/globals.h"

#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/python_text.h"
#include "models/prompt/jinja/runtime.h"
#include "models/prompt/jinja/strftime.h"

namespace quern::models::jinja {
namespace {

/// Jinja2's sandbox, in which chat templates run, allows no longer range.
constexpr int64_t maximum_range = 100'000;

class NativeFunction final : public Callable {
 public:
  NativeFunction(std::string_view name, Function function) : name_(name), function_(function) {}
  std::string type_name() const override { return fmt::format("function {}", name_); }
  Value call(Runtime& runtime, const Arguments& arguments) override {
    return function_(runtime, arguments);
  }

 private:
  const std::string name_;
  const Function function_;
};

/// Nothing at its first call, the separator at every later one.
class Joiner final : public Callable {
 public:
  explicit Joiner(Value separator) : separator_(std::move(separator)) {}
  std::string type_name() const override { return "Joiner"; }
  Value call(Runtime&, const Arguments& arguments) override {
    Bound("joiner", arguments, {});
    return std::exchange(used_, true) ? separator_ : Value("");
  }

 private:
  const Value separator_;
  bool used_ = false;
};

class Cycler;

/// next or reset of a cycler.
class CyclerMethod final : public Callable {
 public:
  CyclerMethod(Cycler& cycler, bool advances) : cycler_(cycler), advances_(advances) {}
  std::string type_name() const override { return "method"; }
  Value call(Runtime& runtime, const Arguments& arguments) override;

 private:
  Cycler& cycler_;
  const bool advances_;
};

class Cycler final : public Object {
 public:
  explicit Cycler(std::vector<Value> items) : items_(std::move(items)) {}
  Kind kind() const override { return Kind::opaque; }
  std::string type_name() const override { return "Cycler"; }
  std::optional<Value> attribute(Runtime& runtime, std::string_view name) override {
    if (name == "current") return items_[position_];
    if (name == "next") return Value(runtime.make<CyclerMethod>(*this, true));
    if (name == "reset") return Value(runtime.make<CyclerMethod>(*this, false));
    return std::nullopt;
  }

  Value next() {
    const Value& value = items_[position_];
    position_ = (position_ + 1) % items_.size();
    return value;
  }
  void reset() { position_ = 0; }

 private:
  const std::vector<Value> items_;
  size_t position_ = 0;
};

Value CyclerMethod::call(Runtime&, const Arguments& arguments) {
  Bound("cycler", arguments, {});
  if (advances_) return cycler_.next();
  cycler_.reset();
  return Value::none();
}

Value range(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("range", arguments, {"start", "stop", "step"});
  const bool only_stop = !bound.has(1);
  for (const Value& argument : arguments.positional) {
    argument.require_defined();
    if (!argument.is_integral()) {
      throw Failure("range(): '{}' cannot be interpreted as an integer", argument.type_name());
    }
  }
  bound.at(0);
  const int64_t first = only_stop ? 0 : bound.integer_or(0, 0);
  const int64_t stop = bound.integer_or(only_stop ? 0 : 1, 0), step = bound.integer_or(2, 1);
  if (step == 0) throw Failure("range(): the step must not be zero");
  Range* made = runtime.make<Range>(first, stop, step);
  // A size beyond 63 bits shows as a negative one.
  if (made->size() > maximum_range || made->size() < 0) {
    throw Failure("range(): more than {} numbers", maximum_range);
  }
  return made;
}

Dict* make_dict(Runtime& runtime, const Arguments& arguments, const char* function) {
  if (arguments.positional.size() > 1) {
    throw Failure("{}() takes at most 1 positional argument", function);
  }
  Dict* made = runtime.make<Dict>();
  if (!arguments.positional.empty()) update_dict(runtime, *made, arguments.positional[0]);
  runtime.reserve_values(2 * arguments.named.size());
  for (const auto& [key, value] : arguments.named) made->set(key, value);
  return made;
}

Value dict(Runtime& runtime, const Arguments& arguments) {
  return make_dict(runtime, arguments, "dict");
}

Value name_space(Runtime& runtime, const Arguments& arguments) {
  return runtime.make<Namespace>(make_dict(runtime, arguments, "namespace"));
}

Value joiner(Runtime& runtime, const Arguments& arguments) {
  return runtime.make<Joiner>(Bound("joiner", arguments, {"sep"}).value_or(0, ", "));
}

Value cycler(Runtime& runtime, const Arguments& arguments) {
  if (arguments.positional.empty() || !arguments.named.empty()) {
    throw Failure("cycler(): at least one item has to be provided");
  }
  return runtime.make<Cycler>(arguments.positional);
}

Value raise_exception(Runtime&, const Arguments& arguments) {
  throw Failure(to_text(Bound("raise_exception", arguments, {"message"}).at(0)));
}

Value strftime_now(Runtime& runtime, const Arguments& arguments) {
  return format_time(Bound("strftime_now", arguments, {"format"}).string_at(0), runtime.now());
}

}  // namespace

const std::map<std::string_view, Function>& global_functions() {
  static const std::map<std::string_view, Function> functions{
      {"cycler", cycler},
      {"dict", dict},
      {"joiner", joiner},
      {"namespace", name_space},
      {"raise_exception", raise_exception},
      {"range", range},
      {"strftime_now", strftime_now},
  };
  return functions;
}

Value make_function(Runtime& runtime, std::string_view name, Function function) {
  return runtime.make<NativeFunction>(name, function);
}

}  // namespace quern::models::jinja
