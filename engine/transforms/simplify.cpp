#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>
#include <typeindex>

#include "engine/primitives/shape.h"
#include "engine/transforms/program.h"

namespace quern {

namespace {

/// Whether both are evaluated scalars with the same bits.
bool same_scalar(const array& a, const array& b) {
  return a.ndim() == 0 && b.ndim() == 0 && a.dtype() == b.dtype() && a.is_available() &&
         b.is_available() && std::memcmp(a.data<char>(), b.data<char>(), a.itemsize()) == 0;
}

/// Which value stands for each: at first every value for itself.
class Stand {
 public:
  explicit Stand(size_t values) : for_(values) { std::iota(for_.begin(), for_.end(), 0); }
  int operator()(int value) const { return for_[size_t(value)]; }
  void replace(int value, int by) { for_[size_t(value)] = by; }
  void apply(std::vector<int>& values) const {
    for (int& value : values) value = (*this)(value);
  }

 private:
  std::vector<int> for_;
};

bool computes_the_same(const Program::Step& a, const Program::Step& b, const Program& program) {
  if (a.inputs != b.inputs || a.outputs.size() != b.outputs.size()) return false;
  if (a.primitive->stream() != b.primitive->stream()) return false;
  for (size_t k = 0; k < a.outputs.size(); ++k) {
    const Program::Value& x = program.values[size_t(a.outputs[k])];
    const Program::Value& y = program.values[size_t(b.outputs[k])];
    if (x.dtype != y.dtype || x.shape != y.shape) return false;
  }
  return a.primitive->is_equivalent(*b.primitive);
}

void merge_constants(const Program& program, Stand& stand) {
  const Arrays& constants = program.constants;
  for (size_t i = 0; i < constants.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!same_scalar(constants[i], constants[j])) continue;
      stand.replace(int(program.input_count + i), int(program.input_count + j));
      break;
    }
  }
}

void merge_steps(Program& program, Stand& stand) {
  using Key = std::pair<std::type_index, std::vector<int>>;
  std::map<Key, std::vector<const Program::Step*>> seen;
  for (Program::Step& step : program.steps) {
    stand.apply(step.inputs);
    const Primitive& primitive = *step.primitive;
    if (typeid(primitive) == typeid(Copy)) {
      stand.replace(step.outputs[0], step.inputs[0]);
      continue;
    }
    auto& alike = seen[{std::type_index(typeid(primitive)), step.inputs}];
    const auto same = std::find_if(alike.begin(), alike.end(), [&](const Program::Step* other) {
      return computes_the_same(step, *other, program);
    });
    if (same == alike.end()) {
      alike.push_back(&step);
      continue;
    }
    for (size_t k = 0; k < step.outputs.size(); ++k) {
      stand.replace(step.outputs[k], (*same)->outputs[k]);
    }
  }
  stand.apply(program.outputs);
}

void remove_unused(Program& program) {
  std::vector<bool> needed(program.values.size(), false);
  for (const int output : program.outputs) needed[size_t(output)] = true;
  std::vector<Program::Step> kept;
  for (size_t i = program.steps.size(); i-- > 0;) {
    Program::Step& step = program.steps[i];
    if (std::none_of(step.outputs.begin(), step.outputs.end(),
                     [&](int value) { return needed[size_t(value)]; })) {
      continue;
    }
    for (const int input : step.inputs) needed[size_t(input)] = true;
    kept.push_back(std::move(step));
  }
  std::reverse(kept.begin(), kept.end());
  program.steps = std::move(kept);
}

}  // namespace

void simplify(Program& program) {
  Stand stand(program.values.size());
  merge_constants(program, stand);
  merge_steps(program, stand);
  remove_unused(program);
}

}  // namespace quern
