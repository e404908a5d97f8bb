#include "engine/transforms/export.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "engine/primitives/custom.h"
#include "engine/transforms/program_file.h"

namespace quern {

namespace {

std::vector<std::string> sorted_names(const Kwargs& kwargs) {
  std::vector<std::string> names;
  for (const auto& [name, value] : kwargs) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

Arrays in_order(const Args& args, const Kwargs& kwargs, const std::vector<std::string>& names) {
  Arrays inputs = args;
  for (const std::string& name : names) inputs.push_back(kwargs.at(name));
  return inputs;
}

Arrays call(const ExportableFunction& fun, const Args& args, const Kwargs& kwargs) {
  if (const auto* f = std::get_if<0>(&fun)) {
    if (!kwargs.empty())
      throw std::invalid_argument("[export_function] the function takes no names");
    return (*f)(args);
  }
  if (const auto* f = std::get_if<1>(&fun)) {
    if (!args.empty())
      throw std::invalid_argument("[export_function] the function takes names only");
    return (*f)(kwargs);
  }
  return std::get<2>(fun)(args, kwargs);
}

/// Custom functions hand on what is computed anyway.
void remove_custom(Program& program) {
  std::vector<int> stand(program.values.size());
  for (size_t i = 0; i < stand.size(); ++i) stand[i] = int(i);
  for (Program::Step& step : program.steps) {
    for (int& value : step.inputs) value = stand[size_t(value)];
    const auto* custom = dynamic_cast<const Custom*>(step.primitive.get());
    if (!custom) continue;
    for (size_t k = 0; k < step.outputs.size(); ++k) {
      stand[size_t(step.outputs[k])] = step.inputs[size_t(custom->arguments) + k];
    }
  }
  for (int& value : program.outputs) value = stand[size_t(value)];
}

/// The values numbered anew, without those that no step computes any more.
void renumber(Program& program) {
  std::vector<int> number(program.values.size(), -1);
  std::vector<Program::Value> values;
  const auto keep = [&](int value) {
    number[size_t(value)] = int(values.size());
    values.push_back(program.values[size_t(value)]);
  };
  for (size_t i = 0; i < program.input_count + program.constants.size(); ++i) keep(int(i));
  for (Program::Step& step : program.steps) {
    for (int& value : step.inputs) value = number[size_t(value)];
    for (int& value : step.outputs) {
      keep(value);
      value = number[size_t(value)];
    }
  }
  for (int& value : program.outputs) value = number[size_t(value)];
  program.values = std::move(values);
}

bool serves(const ExportedProgram& exported, const Arrays& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Program::Value& value = exported.program.values[i];
    if (value.dtype != inputs[i].dtype()) return false;
    if (exported.program.any_shape ? value.shape.size() != inputs[i].ndim()
                                   : value.shape != inputs[i].shape()) {
      return false;
    }
  }
  return true;
}

std::string describe(const Arrays& inputs, const std::vector<std::string>& names) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const size_t positional = inputs.size() - names.size();
    const std::string name = i < positional ? "" : names[i - positional] + " ";
    parts.push_back(
        fmt::format("{}{} {}", name, dtype_name(inputs[i].dtype()), to_string(inputs[i].shape())));
  }
  return fmt::format("({})", fmt::join(parts, ", "));
}

}  // namespace

struct FunctionExporter::State {
  std::string file;
  ExportableFunction fun;
  bool shapeless;
  ProgramFile contents;
  int exceptions = std::uncaught_exceptions();
  bool closed = false;
};

FunctionExporter::FunctionExporter(const std::string& file, ExportableFunction fun, bool shapeless,
                                   const std::string& metadata)
    : state_(new State{file, std::move(fun), shapeless, {metadata, {}}}) {}

FunctionExporter::FunctionExporter(FunctionExporter&&) noexcept = default;

FunctionExporter::~FunctionExporter() {
  if (!state_ || std::uncaught_exceptions() > state_->exceptions) return;
  try {
    close();
  } catch (const std::exception&) {
    // close() called by hand would have told.
  }
}

void FunctionExporter::operator()(const Args& args, const Kwargs& kwargs) {
  if (state_->closed) {
    throw std::invalid_argument(
        fmt::format("[export_function] {} is closed already", state_->file));
  }
  ExportedProgram exported;
  exported.positional = args.size();
  exported.names = sorted_names(kwargs);
  const auto of_inputs = [&](const Arrays& inputs) {
    Kwargs named;
    for (size_t i = 0; i < exported.names.size(); ++i) {
      named.insert_or_assign(exported.names[i], inputs[args.size() + i]);
    }
    return call(state_->fun, Args(inputs.begin(), inputs.begin() + long(args.size())), named);
  };
  exported.program =
      record_program(of_inputs, in_order(args, kwargs, exported.names), state_->shapeless);
  remove_custom(exported.program);
  simplify(exported.program);
  renumber(exported.program);
  state_->contents.programs.push_back(std::move(exported));
}

void FunctionExporter::operator()(const std::initializer_list<array>& args) {
  (*this)(Args(args), Kwargs{});
}
void FunctionExporter::operator()(const Args& args) { (*this)(args, Kwargs{}); }
void FunctionExporter::operator()(const Kwargs& kwargs) { (*this)(Args{}, kwargs); }

void FunctionExporter::close() {
  if (state_->closed) return;
  state_->closed = true;
  write_program_file(state_->file, state_->contents);
}

FunctionExporter exporter(const std::string& file, const std::function<Arrays(const Args&)>& fun,
                          bool shapeless, const std::string& metadata) {
  return FunctionExporter(file, fun, shapeless, metadata);
}
FunctionExporter exporter(const std::string& file, const std::function<Arrays(const Kwargs&)>& fun,
                          bool shapeless, const std::string& metadata) {
  return FunctionExporter(file, fun, shapeless, metadata);
}
FunctionExporter exporter(const std::string& file,
                          const std::function<Arrays(const Args&, const Kwargs&)>& fun,
                          bool shapeless, const std::string& metadata) {
  return FunctionExporter(file, fun, shapeless, metadata);
}

void export_function(const std::string& file, const std::function<Arrays(const Args&)>& fun,
                     const Args& args, bool shapeless, const std::string& metadata) {
  FunctionExporter out(file, fun, shapeless, metadata);
  out(args);
  out.close();
}
void export_function(const std::string& file, const std::function<Arrays(const Kwargs&)>& fun,
                     const Kwargs& kwargs, bool shapeless, const std::string& metadata) {
  FunctionExporter out(file, fun, shapeless, metadata);
  out(kwargs);
  out.close();
}
void export_function(const std::string& file,
                     const std::function<Arrays(const Args&, const Kwargs&)>& fun, const Args& args,
                     const Kwargs& kwargs, bool shapeless, const std::string& metadata) {
  FunctionExporter out(file, fun, shapeless, metadata);
  out(args, kwargs);
  out.close();
}

struct ImportedFunction::State {
  std::string file;
  ProgramFile contents;
};

Arrays ImportedFunction::operator()(const Args& args, const Kwargs& kwargs) const {
  const std::vector<std::string> names = sorted_names(kwargs);
  const Arrays inputs = in_order(args, kwargs, names);
  std::vector<std::string> there;
  for (const ExportedProgram& exported : state_->contents.programs) {
    if (exported.positional == args.size() && exported.names == names && serves(exported, inputs)) {
      return exported.program.run(inputs);
    }
    Arrays recorded;
    for (size_t i = 0; i < exported.program.input_count; ++i) {
      const Program::Value& value = exported.program.values[i];
      recorded.push_back(array::placeholder(value.shape, value.dtype, 0));
    }
    there.push_back(describe(recorded, exported.names));
  }
  throw std::invalid_argument(fmt::format("[import_function] {} has no function of {}; it has {}",
                                          state_->file, describe(inputs, names),
                                          fmt::join(there, ", ")));
}

Arrays ImportedFunction::operator()(const std::initializer_list<array>& args) const {
  return (*this)(Args(args), Kwargs{});
}
Arrays ImportedFunction::operator()(const Args& args) const { return (*this)(args, Kwargs{}); }
Arrays ImportedFunction::operator()(const Kwargs& kwargs) const { return (*this)(Args{}, kwargs); }

const std::string& ImportedFunction::metadata() const { return state_->contents.metadata; }

ImportedFunction import_function(const std::string& file) {
  return ImportedFunction(std::make_shared<const ImportedFunction::State>(
      ImportedFunction::State{file, read_program_file(file)}));
}

}  // namespace quern
