#pragma once

#include <string>
#include <string_view>

#include "models/prompt/jinja/value.h"

namespace quern::models::jinja {

class Runtime;

/// Python's pattern % values: %s, %d, %5.2f, %(name)s ...; `values` is a tuple, a dict or a single
/// value. Throws Failure where Python raises.
std::string percent_format(Runtime& runtime, std::string_view pattern, const Value& values);

}  // namespace quern::models::jinja
