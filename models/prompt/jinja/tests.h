#pragma once

#include <string_view>

#include "models/prompt/jinja/value.h"

namespace quern::models::jinja {

class Runtime;

/// `subject is name(arguments)`.
using Test = bool (*)(Runtime& runtime, const Value& subject, const Arguments& arguments);

/// The test of Jinja2's name, or null where there is none.
Test find_test(std::string_view name);

}  // namespace quern::models::jinja
