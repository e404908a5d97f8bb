#pragma once

#include <string_view>

#include "models/prompt/jinja/value.h"

/// The methods of strings, lists, tuples and dicts that templates may call, named as in Python.
namespace quern::models::jinja {

class Runtime;

using Method = Value (*)(Runtime& runtime, const Value& self, const Arguments& arguments);

/// The method, or null where values of this kind have none of the name.
Method find_method(Kind kind, std::string_view name);
Method find_string_method(std::string_view name);
Method find_collection_method(Kind kind, std::string_view name);

/// `self.name` as a value to call later.
Value bind_method(Runtime& runtime, const Value& self, Method method, std::string_view name);

}  // namespace quern::models::jinja
