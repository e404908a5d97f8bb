#pragma once

#include <optional>
#include <string>

#include "models/generate/structured/schema_keywords.h"

namespace quern::models::structured {

/// A schema for the values that meet both: two checked schemas without $ref, anyOf, oneOf and
/// allOf. What they say of the same property or item stands in the result as an allOf. None where
/// no value can meet both.
///
/// Throws ModelError, with the path, where they say what cannot be joined: two patterns, say.
std::optional<Json> merge_schemas(const Json& left, const Json& right, const std::string& path);

}  // namespace quern::models::structured
