#include "engine/backend/cpu/elementwise/fused_step.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "engine/array/half.h"
#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/elementwise/operands.h"
#include "engine/backend/cpu/half_block.h"
#include "engine/backend/cpu/tile_reader.h"
#include "engine/primitives/arithmetic.h"
#include "engine/primitives/cast.h"
#include "engine/primitives/type_table.h"
#include "engine/primitives/unary.h"

namespace quern::cpu {

namespace {

/// How a primitive looks as a link: with the value in hand as its first operand, and as its second.
struct LinkForms {
  Link first, second;
  bool rounds;  // whether a half dtype's result has to be rounded
};

TypeTable<LinkForms> link_forms() {
  TypeTable<LinkForms> forms;
  forms[typeid(Add)] = {Link::add, Link::add, true};
  forms[typeid(Subtract)] = {Link::subtract, Link::subtract_from, true};
  forms[typeid(Multiply)] = {Link::multiply, Link::multiply, true};
  forms[typeid(Divide)] = {Link::divide, Link::divide_into, true};
  forms[typeid(Maximum)] = {Link::maximum, Link::maximum_from, false};
  forms[typeid(Minimum)] = {Link::minimum, Link::minimum_from, false};
  forms[typeid(Abs)] = {Link::abs, Link::abs, false};
  forms[typeid(Negative)] = {Link::negative, Link::negative, false};
  forms[typeid(Square)] = {Link::square, Link::square, true};
  forms[typeid(Sqrt)] = {Link::sqrt, Link::sqrt, true};
  forms[typeid(Rsqrt)] = {Link::rsqrt, Link::rsqrt, true};
  forms[typeid(Reciprocal)] = {Link::reciprocal, Link::reciprocal, true};
  return forms;
}

const LinkForms* find_link(const Primitive& primitive) {
  static const auto* forms = new TypeTable<LinkForms>(link_forms());
  return forms->find(typeid(primitive));
}

bool is_cast(const Primitive& primitive) { return typeid(primitive) == typeid(AsType); }

/// What a value of a half dtype is after it was stored and read again: alone, the step would have
/// done that.
void round_to(Dtype dtype, float* values, size_t n) {
  alignas(64) uint16_t stored[tile_elements];
  if (dtype == float16) {
    narrow(values, reinterpret_cast<float16_t*>(stored), n);
    widen(reinterpret_cast<const float16_t*>(stored), values, n);
  } else {
    narrow(values, reinterpret_cast<bfloat16_t*>(stored), n);
    widen(reinterpret_cast<const bfloat16_t*>(stored), values, n);
  }
}

}  // namespace

void FusedStep::run(const std::vector<void*>& values, size_t n) const {
  if (!chain_.empty()) {
    run_chain(chain_, values.data(), n);
    return;
  }
  void* out = values[size_t(results_[0].value)];
  if (!tile_) {
    convert_elements(from_, values[size_t(operands_[0])], to_, out, n);
  } else {
    const void* pointers[3];
    for (size_t k = 0; k < operands_.size(); ++k) pointers[k] = values[size_t(operands_[k])];
    tile_(pointers, out, n);
  }
  if (to_ != dtype_) round_to(dtype_, static_cast<float*>(out), n);
}

/// Makes the steps of one kernel.
class FusedSteps {
 public:
  FusedSteps(const Compiled& p, const std::vector<bool>& is_constant)
      : p_(p), is_constant_(is_constant) {
    for (const int value : p.outputs) last_use_[value] = p.steps.size();
    for (size_t i = 0; i < p.steps.size(); ++i) {
      for (const int value : p.steps[i].inputs) {
        size_t& last = last_use_[value];
        last = std::max(last, i);
      }
    }
  }

  std::vector<FusedStep> make() {
    for (size_t i = 0; i < p_.steps.size();) {
      size_t end = i;
      while (end < p_.steps.size() && is_link(p_.steps[end])) ++end;
      if (end - i > 1) {
        add_chain(i, end);
        i = end;
      } else {
        add_tile(i++);
      }
    }
    return std::move(made_);
  }

 private:
  int value_of(size_t step) const { return int(p_.inputs.size() + step); }

  bool is_link(const Compiled::Step& step) const {
    const auto in_float32 = [](Dtype dtype) { return compute_dtype(dtype) == float32; };
    return in_float32(step.dtype) && (is_cast(*step.primitive) || find_link(*step.primitive)) &&
           std::all_of(step.inputs.begin(), step.inputs.end(),
                       [&](int value) { return in_float32(p_.dtype_of(value)); });
  }

  FusedStep::Result result(size_t step) const {
    const int value = value_of(step);
    const auto found = std::find(p_.outputs.begin(), p_.outputs.end(), value);
    return {value, p_.registers()[step],
            found == p_.outputs.end() ? -1 : int(found - p_.outputs.begin())};
  }

  void add_tile(size_t i) {
    const Compiled::Step& step = p_.steps[i];
    FusedStep made;
    made.operands_ = step.inputs;
    made.dtype_ = step.dtype;
    made.to_ = compute_dtype(step.dtype);
    if (is_cast(*step.primitive)) {
      made.from_ = compute_dtype(p_.dtype_of(step.inputs[0]));
    } else {
      // What is computed in place of a half dtype is float32 here throughout.
      made.tile_ =
          find_tile(*step.primitive, compute_dtype(p_.dtype_of(step.inputs.back())), made.from_);
    }
    made.results_ = {result(i)};
    made_.push_back(std::move(made));
  }

  void add_chain(size_t first, size_t end) {
    FusedStep made;
    int in_hand = -1;
    const auto link = [&](Link what, int operand) {
      const bool constant = size_t(operand) < is_constant_.size() && is_constant_[size_t(operand)];
      made.chain_.push_back({what, constant, operand});
    };
    for (size_t i = first; i < end; ++i) {
      const Compiled::Step& step = p_.steps[i];
      const std::vector<int>& in = step.inputs;
      const LinkForms* forms = find_link(*step.primitive);
      const bool second = in.size() == 2 && in[0] != in_hand && in[1] == in_hand;
      if (in[0] != in_hand && !second) link(Link::take, in[0]);
      if (in.size() == 2) {
        link(second ? forms->second : forms->first, in[second ? 0 : 1]);
      } else if (forms) {
        made.chain_.push_back({forms->first});
      }
      const bool rounds = forms ? forms->rounds : step.dtype != p_.dtype_of(in[0]);
      if (rounds && step.dtype == float16) made.chain_.push_back({Link::round_float16});
      if (rounds && step.dtype == bfloat16) made.chain_.push_back({Link::round_bfloat16});
      in_hand = value_of(i);
      if (is_read_from_memory(i)) {
        link(Link::store, in_hand);
        made.results_.push_back(result(i));
      }
    }
    made_.push_back(std::move(made));
  }

  /// Whether anyone but the next link, with the value in hand, reads what step i of a chain made.
  bool is_read_from_memory(size_t i) const {
    const int value = value_of(i);
    const auto last = last_use_.find(value);
    if (last == last_use_.end()) return false;
    if (last->second != i + 1 || last->second == p_.steps.size()) return true;
    const Compiled::Step& next = p_.steps[i + 1];
    return !is_link(next) || std::count(next.inputs.begin(), next.inputs.end(), value) > 1;
  }

  const Compiled& p_;
  const std::vector<bool>& is_constant_;
  std::unordered_map<int, size_t> last_use_;  // of a value: the last step that reads it
  std::vector<FusedStep> made_;
};

std::vector<FusedStep> fused_steps(const Compiled& p, const std::vector<bool>& is_constant) {
  return FusedSteps(p, is_constant).make();
}

}  // namespace quern::cpu
