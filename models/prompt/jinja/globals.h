#pragma once

#include <map>
#include <string_view>

#include "models/prompt/jinja/value.h"

namespace quern::models::jinja {

class Runtime;

using Function = Value (*)(Runtime& runtime, const Arguments& arguments);

/// The functions that every template can call: range, dict, namespace, joiner, cycler,
/// raise_exception and strftime_now.
const std::map<std::string_view, Function>& global_functions();

/// A function as a value.
Value make_function(Runtime& runtime, std::string_view name, Function function);

}  // namespace quern::models::jinja
