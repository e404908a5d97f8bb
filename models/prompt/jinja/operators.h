#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/prompt/jinja/value.h"

/// Python's operators on values, and Jinja's ways to reach into one. Each throws Failure where
/// Python raises; Jinja's undefined value takes part as Jinja2's does: it prints as nothing, is
/// empty, equals itself, and fails in every other operation.
namespace quern::models::jinja {

class Runtime;

enum class Arithmetic { add, subtract, multiply, divide, floor_divide, modulo, power };

Value arithmetic(Runtime& runtime, Arithmetic operation, const Value& left, const Value& right);
Value negate(const Value& value);
/// The unary plus.
Value posit(const Value& value);

bool equal(const Value& left, const Value& right);
bool same_text(const std::string& left, const std::string& right);
/// left < right. Numbers, strings, and lists or tuples item by item; no mixing.
bool less(const Value& left, const Value& right);
/// item in container.
bool contains(Runtime& runtime, const Value& container, const Value& item);
/// The same object, or the same simple value.
bool identical(const Value& left, const Value& right);

/// len(value).
int64_t length(const Value& value);
/// The items that a for loop visits; an Iterator is empty afterwards.
std::vector<Value> iterate(Runtime& runtime, const Value& value);

/// Python's dict.update: from a dict, or from pairs.
void update_dict(Runtime& runtime, Dict& dict, const Value& source);

/// object.name: a method or attribute, then an item, then undefined.
Value get_attribute(Runtime& runtime, const Value& object, std::string_view name);
/// object.name as the attr filter has it: never an item.
Value get_plain_attribute(Runtime& runtime, const Value& object, std::string_view name);
/// object[key]: an item, then a method or attribute, then undefined.
Value get_item(Runtime& runtime, const Value& object, const Value& key);
/// object[start:stop:step], each absent or an integer.
Value get_slice(Runtime& runtime, const Value& object, std::optional<int64_t> start,
                std::optional<int64_t> stop, std::optional<int64_t> step);

}  // namespace quern::models::jinja
