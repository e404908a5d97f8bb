#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "engine/array/array.h"

namespace quern {

using Args = std::vector<array>;
using Kwargs = std::unordered_map<std::string, array>;

/// What is exported: a function of arrays by position, by name, or both.
using ExportableFunction =
    std::variant<std::function<Arrays(const Args&)>, std::function<Arrays(const Kwargs&)>,
                 std::function<Arrays(const Args&, const Kwargs&)>>;

/// Writes what a function does to a file, once for each kind of arguments that it is called with:
///
///   auto writer = exporter("model.qfn", fun);
///   writer({x});      // shapes, dtypes and names are what the file will serve
///   writer.close();
///
/// The file (version 1, with a checksum) holds operations, their parameters, and every array that
/// the function uses besides its arguments; a custom function is in it as what it computes, without
/// its own derivatives. It appears, whole, when the exporter is closed, or is destroyed other than
/// by an exception.
class FunctionExporter {
 public:
  FunctionExporter(const std::string& file, ExportableFunction fun, bool shapeless,
                   const std::string& metadata);
  ~FunctionExporter();
  FunctionExporter(FunctionExporter&&) noexcept;
  FunctionExporter(const FunctionExporter&) = delete;
  FunctionExporter& operator=(const FunctionExporter&) = delete;

  void operator()(const std::initializer_list<array>& args);
  void operator()(const Args& args);
  void operator()(const Kwargs& kwargs);
  void operator()(const Args& args, const Kwargs& kwargs);

  /// Writes the file. Throws std::runtime_error, naming it and the reason, when that fails.
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `shapeless`: one call serves all shapes with the same number of axes. `metadata` is handed back
/// by ImportedFunction.
FunctionExporter exporter(const std::string& file, const std::function<Arrays(const Args&)>& fun,
                          bool shapeless = false, const std::string& metadata = "");
FunctionExporter exporter(const std::string& file, const std::function<Arrays(const Kwargs&)>& fun,
                          bool shapeless = false, const std::string& metadata = "");
FunctionExporter exporter(const std::string& file,
                          const std::function<Arrays(const Args&, const Kwargs&)>& fun,
                          bool shapeless = false, const std::string& metadata = "");

/// The same for one call.
void export_function(const std::string& file, const std::function<Arrays(const Args&)>& fun,
                     const Args& args, bool shapeless = false, const std::string& metadata = "");
void export_function(const std::string& file, const std::function<Arrays(const Kwargs&)>& fun,
                     const Kwargs& kwargs, bool shapeless = false,
                     const std::string& metadata = "");
void export_function(const std::string& file,
                     const std::function<Arrays(const Args&, const Kwargs&)>& fun, const Args& args,
                     const Kwargs& kwargs, bool shapeless = false,
                     const std::string& metadata = "");

/// A function from a file. Calling it builds graph, so that it can be transformed and compiled like
/// any other. Throws std::invalid_argument when the file holds nothing for such arguments.
class ImportedFunction {
 public:
  Arrays operator()(const std::initializer_list<array>& args) const;
  Arrays operator()(const Args& args) const;
  Arrays operator()(const Kwargs& kwargs) const;
  Arrays operator()(const Args& args, const Kwargs& kwargs) const;

  const std::string& metadata() const;

 private:
  friend ImportedFunction import_function(const std::string& file);
  struct State;
  explicit ImportedFunction(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

/// Operations run on the default streams of the devices that they were exported from. Throws
/// std::runtime_error, naming the file and what is wrong where, when it is no such file, of another
/// version, damaged, or holds an operation that this program does not have. The checksum tells
/// damage; against a file that was made to do harm only its structure is checked, not every
/// parameter of every operation.
ImportedFunction import_function(const std::string& file);

}  // namespace quern
