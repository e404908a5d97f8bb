#pragma once

#include <ctime>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/prompt/jinja/objects.h"
#include "models/prompt/jinja/value.h"
#include "models/prompt/jinja/work.h"

namespace quern::models::jinja {

/// What one rendering has made and may still use. Filters, tests, methods and functions work on it.
///
/// Objects live until the rendering ends, so lists that hold themselves cannot leak and long chains
/// of objects need no recursion to go away. Every bound, once passed, is a Failure. Lives and works
/// on one thread.
class Runtime {
 public:
  explicit Runtime(const std::tm& now) : now_(now) {}
  virtual ~Runtime() = default;
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  template <class T, class... Parameters>
  T* make(Parameters&&... parameters) {
    reserve_values(1);
    auto made = std::make_unique<T>(std::forward<Parameters>(parameters)...);
    T* object = made.get();
    objects_.push_back(std::move(made));
    return object;
  }
  Value make_list(std::vector<Value> items);
  Value make_tuple(std::vector<Value> items);
  Value make_iterator(std::vector<Value> items);

  /// Counts work: a step is about the evaluation of one operator.
  void spend(size_t steps) { meter_.spend(steps); }
  /// Counts values that stay until the end: the items of lists and dicts.
  void reserve_values(size_t count);
  /// Asks for a string of that many bytes before it is made.
  void reserve_bytes(size_t bytes);
  /// The same for `count` pieces of `bytes` each; neither the product nor the sum overflows.
  void reserve_bytes(size_t bytes, size_t count);
  /// Whether a string may be that long, for one that grows piece by piece.
  static void check_bytes(size_t bytes);

  virtual Value call(const Value& callable, const Arguments& arguments) = 0;

  const std::tm& now() const { return now_; }

 private:
  std::tm now_;
  std::vector<std::unique_ptr<Object>> objects_;
  WorkMeter meter_;
  size_t values_ = 0;
};

/// A call's arguments laid out on parameter names, as Python does.
class Bound {
 public:
  /// Throws Failure on too many arguments, an unknown name or one given twice.
  Bound(std::string_view function, const Arguments& arguments,
        std::initializer_list<std::string_view> parameters);

  bool has(size_t index) const { return values_[index] != nullptr; }
  /// Throws Failure where the argument was not given.
  const Value& at(size_t index) const;
  Value value_or(size_t index, Value fallback) const;
  /// These throw Failure where the argument is of another type. None counts as absent.
  int64_t integer_or(size_t index, int64_t fallback) const;
  bool truth_or(size_t index, bool fallback) const;
  const std::string& string_at(size_t index) const;

 private:
  std::string_view function_;
  std::vector<std::string_view> parameters_;
  std::vector<const Value*> values_;
};

}  // namespace quern::models::jinja
