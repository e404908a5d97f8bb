#pragma once

#include <nlohmann/json.hpp>

namespace quern::models::tests {

/// Whether a value meets a JSON schema, read plainly from the specification (draft 2020-12), for
/// tests. Knows the keywords that the tests use; `root` is where references begin.
bool is_valid(const nlohmann::ordered_json& value, const nlohmann::ordered_json& schema,
              const nlohmann::ordered_json& root);

}  // namespace quern::models::tests
