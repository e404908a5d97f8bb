#pragma once

#include <nlohmann/json.hpp>

#include "models/prompt/jinja/value.h"

namespace quern::models::jinja {

class Runtime;

/// The value that a JSON value stands for. Throws Failure where it is nested too deeply or holds an
/// integer beyond 64 bits.
Value value_of_json(Runtime& runtime, const nlohmann::ordered_json& json, int nesting = 0);

}  // namespace quern::models::jinja
