#pragma once

#include <nlohmann/json.hpp>

#include "models/generate/structured/json_machine.h"

namespace quern::models::structured {

/// The JSON texts of the values that meet a JSON schema (draft 2020-12, or 7 with "definitions").
///
/// Keywords: type, enum, const, anyOf, oneOf (whose alternatives exclude one another), allOf, $ref
/// within the document, properties (written in their order), required, additionalProperties, items,
/// prefixItems, minItems, maxItems, minLength, maxLength, pattern, format (see format_pattern),
/// minimum, maximum, exclusiveMinimum, exclusiveMaximum, and those that only describe.
///
/// Some values that would be valid are never written: properties and items that the schema does not
/// speak of, unless additionalProperties, items or required ask for them; values of a type that the
/// keywords beside a missing "type" are not about; numbers beyond JsonMachine's limits.
///
/// Throws ModelError, naming the place, on any other keyword or a wrong value.
Machine make_schema_machine(const nlohmann::ordered_json& schema, const JsonLayout& layout);

}  // namespace quern::models::structured
