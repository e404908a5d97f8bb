#include "models/prompt/jinja/methods.h"

#include "models/prompt/jinja/runtime.h"

namespace quern::models::jinja {
namespace {

class BoundMethod final : public Callable {
 public:
  BoundMethod(Value self, Method method, std::string_view name)
      : self_(std::move(self)), method_(method), name_(name) {}

  std::string type_name() const override {
    return fmt::format("built-in method {} of {} object", name_, self_.type_name());
  }
  Value call(Runtime& runtime, const Arguments& arguments) override {
    return method_(runtime, self_, arguments);
  }

 private:
  const Value self_;
  const Method method_;
  const std::string name_;
};

}  // namespace

Method find_method(Kind kind, std::string_view name) {
  return kind == Kind::string ? find_string_method(name) : find_collection_method(kind, name);
}

Value bind_method(Runtime& runtime, const Value& self, Method method, std::string_view name) {
  return runtime.make<BoundMethod>(self, method, name);
}

}  // namespace quern::models::jinja
