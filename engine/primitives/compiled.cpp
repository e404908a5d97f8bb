#include "engine/primitives/compiled.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/elementwise.h"
#include "engine/primitives/batch.h"
#include "engine/transforms/transforms.h"

namespace quern {

namespace {

/// Bytes per element as kernels compute: in float32 for the half dtypes.
size_t width(Dtype dtype) { return std::max<size_t>(dtype.size(), is_half(dtype) ? 4 : 1); }

}  // namespace

Compiled::Compiled(Stream s, std::vector<Dtype> inputs, std::vector<Step> steps,
                   std::vector<int> outputs)
    : Primitive(s),
      inputs(std::move(inputs)),
      steps(std::move(steps)),
      outputs(std::move(outputs)) {
  assign_registers();
}

Dtype Compiled::dtype_of(int value) const {
  const auto i = size_t(value);
  return i < inputs.size() ? inputs[i] : steps[i - inputs.size()].dtype;
}

void Compiled::assign_registers() {
  const size_t first = inputs.size();
  std::vector<size_t> last_use(steps.size());
  for (size_t i = 0; i < steps.size(); ++i) {
    last_use[i] = i;
    for (const int value : steps[i].inputs) {
      if (size_t(value) >= first) last_use[size_t(value) - first] = i;
    }
  }
  for (const int value : outputs) last_use[size_t(value) - first] = steps.size();

  std::vector<int> unused;
  const auto release = [&](size_t i, bool same_width) {
    for (size_t j = 0; j < i; ++j) {
      if (last_use[j] != i || (width(steps[j].dtype) == width(steps[i].dtype)) != same_width)
        continue;
      unused.push_back(registers_[j]);
    }
  };
  registers_.resize(steps.size());
  for (size_t i = 0; i < steps.size(); ++i) {
    // A step may write over an input that it is the last to read, element by element.
    release(i, true);
    if (unused.empty()) unused.push_back(register_count_++);
    registers_[i] = unused.back();
    unused.pop_back();
    release(i, false);
  }
}

std::vector<Shape> Compiled::output_shapes(const Arrays& in) const {
  return std::vector<Shape>(outputs.size(), in[0].shape());
}

Arrays Compiled::unfused(const Arrays& in) const {
  Arrays values = in;
  for (const Step& step : steps) {
    Arrays operands;
    for (const int value : step.inputs) operands.push_back(values[size_t(value)]);
    Shape shape = operands[0].shape();
    values.push_back(array(std::move(shape), step.dtype, step.primitive, std::move(operands)));
  }
  Arrays results;
  for (const int value : outputs) results.push_back(values[size_t(value)]);
  return results;
}

Arrays Compiled::vjp(const Arrays& primals, const Arrays& cotangents,
                     const std::vector<int>& argnums, const Arrays&) const {
  Arrays some;
  for (const int i : argnums) some.push_back(primals[size_t(i)]);
  const auto of_some = [&](const Arrays& given) {
    Arrays all = primals;
    for (size_t i = 0; i < argnums.size(); ++i) all[size_t(argnums[i])] = given[i];
    return unfused(all);
  };
  return quern::vjp(of_some, some, cotangents).second;
}

Arrays Compiled::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                     const Arrays&) const {
  Arrays some;
  for (const int i : argnums) some.push_back(primals[size_t(i)]);
  const auto of_some = [&](const Arrays& given) {
    Arrays all = primals;
    for (size_t i = 0; i < argnums.size(); ++i) all[size_t(argnums[i])] = given[i];
    return unfused(all);
  };
  return quern::jvp(of_some, some, tangents).second;
}

Batched Compiled::vmap(const Arrays& in, const std::vector<int>& axes, const Arrays&) const {
  const auto [aligned, axis] = align_batch(in, axes);
  std::vector<Dtype> dtypes;
  for (const int value : outputs) dtypes.push_back(dtype_of(value));
  std::vector<Shape> shapes(outputs.size(), aligned[0].shape());
  return {array::make_arrays(std::move(shapes), dtypes, shared_from_this(), aligned),
          std::vector<int>(outputs.size(), axis)};
}

bool Compiled::is_equivalent(const Primitive& other) const {
  const auto& o = static_cast<const Compiled&>(other);
  if (inputs != o.inputs || outputs != o.outputs || steps.size() != o.steps.size()) return false;
  for (size_t i = 0; i < steps.size(); ++i) {
    const Primitive &a = *steps[i].primitive, &b = *o.steps[i].primitive;
    if (steps[i].inputs != o.steps[i].inputs || steps[i].dtype != o.steps[i].dtype ||
        typeid(a) != typeid(b) || !a.is_equivalent(b)) {
      return false;
    }
  }
  return true;
}

void Compiled::save(StateWriter& writer) const {
  writer.write(inputs);
  writer.write(uint64_t(steps.size()));
  for (const Step& step : steps) {
    writer.write(std::string(step.primitive->name()));
    step.primitive->save(writer);
    writer.write(step.inputs);
    writer.write(step.dtype);
  }
  writer.write(outputs);
}

std::shared_ptr<const Primitive> Compiled::load(const Stream& stream, StateReader& reader) {
  auto inputs = reader.read<std::vector<Dtype>>();
  std::vector<Step> steps;
  for (auto n = reader.read<uint64_t>(); n > 0; --n) {
    const auto name = reader.read<std::string>();
    const PrimitiveLoader loader = find_primitive(name);
    if (!loader) {
      throw std::runtime_error(fmt::format("[import] there is no operation \"{}\"", name));
    }
    auto primitive = loader(stream, reader);
    auto operands = reader.read<std::vector<int>>();
    for (const int value : operands) {
      if (value < 0 || size_t(value) >= inputs.size() + steps.size()) {
        throw std::runtime_error(fmt::format("[import] a step of {} reads value {} of {}",
                                             type_name, value, inputs.size() + steps.size()));
      }
    }
    const auto dtype = reader.read<Dtype>();
    steps.push_back({std::move(primitive), std::move(operands), dtype});
  }
  auto outputs = reader.read<std::vector<int>>();
  for (const int value : outputs) {
    if (value < int(inputs.size()) || size_t(value) >= inputs.size() + steps.size()) {
      throw std::runtime_error(fmt::format("[import] {} has no output {}", type_name, value));
    }
  }
  return make_pooled<Compiled>(stream, std::move(inputs), std::move(steps), std::move(outputs));
}

}  // namespace quern
