#include "models/prompt/jinja/loop.h"

#include "models/prompt/jinja/evaluator.h"
#include "models/prompt/jinja/operators.h"

namespace quern::models::jinja {
namespace {

/// loop.cycle or loop.changed.
class LoopMethod final : public Callable {
 public:
  using Body = Value (*)(Loop& loop, const Arguments& arguments);

  LoopMethod(Loop& loop, Body body) : loop_(loop), body_(body) {}
  std::string type_name() const override { return "method"; }
  Value call(Runtime&, const Arguments& arguments) override { return body_(loop_, arguments); }

 private:
  Loop& loop_;
  const Body body_;
};

Value cycle(Loop& loop, const Arguments& arguments) {
  const auto& values = arguments.positional;
  if (values.empty()) throw Failure("no items for cycling given");
  return values[loop.position() % values.size()];
}

Value changed(Loop& loop, const Arguments& arguments) { return loop.changed(arguments.positional); }

}  // namespace

Loop::Loop(Evaluator& evaluator, const ast::For& node, std::shared_ptr<Scope> outside,
           std::vector<Value> items, int depth)
    : evaluator_(evaluator),
      node_(node),
      outside_(std::move(outside)),
      items_(std::move(items)),
      depth_(depth) {}

std::optional<Value> Loop::attribute(Runtime& runtime, std::string_view name) {
  const auto index = static_cast<int64_t>(position_), count = static_cast<int64_t>(items_.size());
  if (name == "index") return index + 1;
  if (name == "index0") return index;
  if (name == "revindex") return count - index;
  if (name == "revindex0") return count - index - 1;
  if (name == "first") return index == 0;
  if (name == "last") return index + 1 == count;
  if (name == "length") return count;
  if (name == "depth") return depth_ + 1;
  if (name == "depth0") return depth_;
  if (name == "previtem") {
    return index > 0 ? items_[position_ - 1] : Value::undefined("there is no previous item");
  }
  if (name == "nextitem") {
    return index + 1 < count ? items_[position_ + 1] : Value::undefined("there is no next item");
  }
  if (name == "cycle") return Value(runtime.make<LoopMethod>(*this, cycle));
  if (name == "changed") return Value(runtime.make<LoopMethod>(*this, jinja::changed));
  return std::nullopt;
}

bool Loop::changed(const std::vector<Value>& values) {
  const bool same = last_seen_ && std::equal(last_seen_->begin(), last_seen_->end(), values.begin(),
                                             values.end(), equal);
  last_seen_ = values;
  return !same;
}

Value Loop::call(Runtime&, const Arguments& arguments) {
  if (!node_.recursive) throw Failure("the loop must have the 'recursive' marker to be called");
  const Bound bound("loop", arguments, {"iterable"});
  return evaluator_.call_loop(node_, outside_, bound.at(0), depth_ + 1);
}

}  // namespace quern::models::jinja
