#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quern::models::jinja {

class Object;
class List;
class Tuple;
class Dict;

/// An operation that cannot be done, in words. Rendering adds the line and throws TemplateError.
class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& what) : runtime_error(what) {}
  template <class First, class... Rest>
  Failure(fmt::format_string<First, Rest...> pattern, First&& first, Rest&&... rest)
      : runtime_error(
            fmt::format(pattern, std::forward<First>(first), std::forward<Rest>(rest)...)) {}
};

/// How deep lists and dicts may lie in one another wherever code recurses over them.
inline constexpr int maximum_nesting = 200;

enum class Kind {
  undefined,
  none,
  boolean,
  integer,
  floating,
  string,
  list,  ///< from here on: objects
  tuple,
  dict,
  dict_view,
  range,
  iterator,
  name_space,
  callable,
  opaque,  ///< an object with attributes and nothing else
};

/// A value of a template's variable: Python's types as far as templates see them.
///
/// Cheap to copy. Strings are immutable and shared; objects (everything from list on) are
/// references and belong to the Runtime that made them, which must outlive the value.
class Value {
 public:
  /// Undefined. `reason` says what is missing, for the error of using it.
  Value() = default;
  static Value undefined(std::string reason);
  static Value none();

  Value(bool value) : kind_(Kind::boolean), integer_(value) {}
  Value(int value) : Value(int64_t{value}) {}
  Value(int64_t value) : kind_(Kind::integer), integer_(value) {}
  Value(double value) : kind_(Kind::floating), floating_(value) {}
  Value(std::string value)
      : kind_(Kind::string), text_(std::make_shared<const std::string>(std::move(value))) {}
  Value(std::string_view value) : Value(std::string(value)) {}
  Value(const char* value) : Value(std::string(value)) {}
  Value(Object* object);

  Kind kind() const { return kind_; }
  /// Python's name of the type, for errors: "str", "int", "dict", ...
  std::string type_name() const;

  bool is_undefined() const { return kind_ == Kind::undefined; }
  bool is_none() const { return kind_ == Kind::none; }
  bool is_boolean() const { return kind_ == Kind::boolean; }
  bool is_string() const { return kind_ == Kind::string; }
  bool is_float() const { return kind_ == Kind::floating; }
  /// An integer or a boolean, which counts as 0 or 1.
  bool is_integral() const { return is_boolean() || kind_ == Kind::integer; }
  bool is_number() const { return is_integral() || is_float(); }

  /// These hold only where the matching question above says yes.
  bool boolean() const { return integer_ != 0; }
  int64_t integer() const { return integer_; }
  double number() const { return is_float() ? floating_ : static_cast<double>(integer_); }
  const std::string& string() const { return *text_; }

  /// Null where the value is something else.
  Object* object() const { return kind_ >= Kind::list ? object_ : nullptr; }
  List* list() const;
  Tuple* tuple() const;
  Dict* dict() const;
  /// The items of a list or a tuple, else null.
  const std::vector<Value>* sequence() const;

  /// Python's bool(value).
  bool truth() const;

  /// Throws the Failure of using an undefined value; does nothing for any other.
  void require_defined() const;

 private:
  Kind kind_ = Kind::undefined;
  union {
    int64_t integer_ = 0;
    double floating_;
    Object* object_;
  };
  /// A string's text, or why the value is undefined.
  std::shared_ptr<const std::string> text_;
};

/// What a call passes.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

}  // namespace quern::models::jinja
