#pragma once

#include <string>
#include <string_view>

#include "models/prompt/jinja/value.h"

namespace quern::models::jinja {

class Runtime;

/// Python's pattern.format(...): {}, {0}, {name}, {0.attribute[item]!r:>10}. Throws Failure where
/// Python raises.
std::string brace_format(Runtime& runtime, std::string_view pattern, const Arguments& arguments);

}  // namespace quern::models::jinja
