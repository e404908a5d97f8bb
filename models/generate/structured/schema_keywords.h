#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models::structured {

using Json = nlohmann::ordered_json;

/// Throws ModelError: `[grammar] PATH: what`. `path` is a JSON pointer into the schema.
[[noreturn]] void refuse_schema(const std::string& path, const std::string& what);

/// Checks that a schema (an object) has keywords that are supported alone, each with a value of the
/// right kind; what lies deeper is not looked at. Throws ModelError, naming the keyword and path.
void check_keywords(const Json& schema, const std::string& path);

/// Whether a keyword only describes: title, default, ...
bool is_annotation(std::string_view keyword);

/// `path` one step deeper.
std::string below(const std::string& path, std::string_view step);
std::string below(const std::string& path, std::string_view step, size_t index);

/// The member, or null.
const Json* member(const Json& object, std::string_view name);

/// What a checked schema says of its values' types: those of "type"; else those that its other
/// keywords are about; none where it leaves any open. "integer" beside "number" is left out.
std::vector<std::string> types_of(const Json& schema);

/// JSON schema's name of a value's type; "integer" for a number without a fraction.
std::string_view type_of(const Json& value);
/// Whether a value of the one type may be of the other: equal, or integer as number.
bool is_of_type(std::string_view type, std::string_view wanted);

/// The values of enum or const; none where there is neither.
std::optional<std::vector<Json>> listed_values(const Json& schema);

}  // namespace quern::models::structured
