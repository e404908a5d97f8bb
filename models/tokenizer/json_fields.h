#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace quern::models {

/// Checked reading of small JSON parts. `where` names the part for the error text, for example
/// "normalizer Replace". All throw FormatError when a field is missing or has the wrong type.

/// Parses a whole text; `what` names it. Nesting deeper than 64 levels is refused.
nlohmann::json parse_json(std::string_view text, std::string_view what);

/// The field, or null when it is absent or JSON's null. Throws when `object` is not an object.
const nlohmann::json* find_field(const nlohmann::json& object, const char* name,
                                 std::string_view where);

std::string string_field(const nlohmann::json& object, const char* name, std::string_view where);
std::string string_field(const nlohmann::json& object, const char* name, std::string_view where,
                         std::string_view when_absent);
bool bool_field(const nlohmann::json& object, const char* name, std::string_view where,
                bool when_absent);
int64_t integer_field(const nlohmann::json& object, const char* name, std::string_view where);

/// A field that must be an array.
const nlohmann::json& array_field(const nlohmann::json& object, const char* name,
                                  std::string_view where);

/// A field that must be a string of one character.
char32_t character_field(const nlohmann::json& object, const char* name, std::string_view where,
                         char32_t when_absent);

/// A short text for an error message: quoted, cut after 60 bytes.
std::string in_quotes(std::string_view text);

}  // namespace quern::models
