#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "models/prompt/jinja/value.h"

namespace quern::models::jinja {

class Runtime;

/// A value with identity. Owned by a Runtime, referred to by Values.
class Object {
 public:
  virtual ~Object() = default;
  virtual Kind kind() const = 0;
  virtual std::string type_name() const = 0;
  /// What `object.name` gives beyond the methods of its kind; absent where there is no such thing.
  virtual std::optional<Value> attribute(Runtime&, std::string_view) { return std::nullopt; }
};

class List : public Object {
 public:
  explicit List(std::vector<Value> values) : items(std::move(values)) {}
  Kind kind() const override { return Kind::list; }
  std::string type_name() const override { return "list"; }

  std::vector<Value> items;
};

class Tuple : public Object {
 public:
  explicit Tuple(std::vector<Value> values) : items(std::move(values)) {}
  Kind kind() const override { return Kind::tuple; }
  std::string type_name() const override { return "tuple"; }

  const std::vector<Value> items;
};

/// One group of the groupby filter: a pair whose halves also have names.
class Group final : public Tuple {
 public:
  using Tuple::Tuple;
  std::optional<Value> attribute(Runtime&, std::string_view name) override;
};

/// A mapping that keeps the order of insertion. Keys are compared as Python does: 1, 1.0 and true
/// are one key. A list or a dict as a key is a Failure.
class Dict final : public Object {
 public:
  using Entry = std::pair<Value, Value>;

  Kind kind() const override { return Kind::dict; }
  std::string type_name() const override { return "dict"; }

  const std::vector<Entry>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  /// The value under the key, or null. Valid until the dict changes.
  const Value* find(const Value& key) const;
  /// The same for a string.
  const Value* find_name(std::string_view name) const;
  void set(const Value& key, Value value);
  /// False when there is no such key.
  bool erase(const Value& key);
  void clear();

 private:
  std::optional<size_t> position(const Value& key) const;

  std::vector<Entry> entries_;
  /// From the key's canonical text to its position; empty while the dict is small.
  mutable std::unordered_map<std::string, size_t> index_;
};

/// What dict.keys(), values() and items() give: it follows the dict.
class DictView final : public Object {
 public:
  enum class Part { keys, values, items };

  DictView(Dict* of, Part which) : dict(of), part(which) {}
  Kind kind() const override { return Kind::dict_view; }
  std::string type_name() const override;

  Dict* const dict;
  const Part part;
};

class Range final : public Object {
 public:
  /// `step` is not 0.
  Range(int64_t first, int64_t end, int64_t by) : start(first), stop(end), step(by) {}
  Kind kind() const override { return Kind::range; }
  std::string type_name() const override { return "range"; }
  int64_t size() const;
  int64_t at(int64_t index) const { return start + index * step; }

  const int64_t start, stop, step;
};

/// What filters such as map give: it can be walked once and has no length.
class Iterator final : public Object {
 public:
  explicit Iterator(std::vector<Value> values) : items(std::move(values)) {}
  Kind kind() const override { return Kind::iterator; }
  std::string type_name() const override { return "generator"; }
  /// What is left, which is then gone.
  std::vector<Value> take() { return std::exchange(items, {}); }

  std::vector<Value> items;
};

/// The one object whose attributes a template can set.
class Namespace final : public Object {
 public:
  explicit Namespace(Dict* values) : attributes(values) {}
  Kind kind() const override { return Kind::name_space; }
  std::string type_name() const override { return "Namespace"; }
  std::optional<Value> attribute(Runtime&, std::string_view name) override;

  Dict* const attributes;
};

/// Anything that can be called.
class Callable : public Object {
 public:
  Kind kind() const override { return Kind::callable; }
  virtual Value call(Runtime& runtime, const Arguments& arguments) = 0;
};

}  // namespace quern::models::jinja
