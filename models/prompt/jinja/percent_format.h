#pragma once

#include <string>
#include <string_view>

#include "models/prompt/jinja/value.h"

/// Python's two ways to fill values into a text. Both throw Failure where Python raises.
namespace quern::models::jinja {

class Runtime;

/// pattern % values: %s, %d, %5.2f, %(name)s ...; `values` is a tuple, a dict or a single value.
std::string percent_format(Runtime& runtime, std::string_view pattern, const Value& values);

/// pattern.format(...): {}, {0}, {name}, {0.attribute[item]!r:>10}.
std::string brace_format(Runtime& runtime, std::string_view pattern, const Arguments& arguments);

}  // namespace quern::models::jinja
