#include "models/tokenizer/json_fields.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

using nlohmann::json;

namespace {

constexpr int deepest_nesting = 64;

const json& needed_field(const json& object, const char* name, std::string_view where) {
  const json* field = find_field(object, name, where);
  if (!field) throw FormatError(fmt::format("{} lacks \"{}\"", where, name));
  return *field;
}

[[noreturn]] void wrong_type(const json& field, const char* name, std::string_view where,
                             const char* needed) {
  throw FormatError(fmt::format("{}: \"{}\" is {} {} where {} belongs", where, name,
                                field.is_array() || field.is_object() ? "an" : "a",
                                field.type_name(), needed));
}

}  // namespace

json parse_json(std::string_view text, std::string_view what) {
  auto refuse_deep = [&](int depth, json::parse_event_t, json&) {
    if (depth > deepest_nesting) {
      throw FormatError(fmt::format("{} nests deeper than {} levels", what, deepest_nesting));
    }
    return true;
  };
  try {
    return json::parse(text, refuse_deep);
  } catch (const json::exception& error) {
    throw FormatError(fmt::format("{} is not valid JSON: {}", what, error.what()));
  }
}

const json* find_field(const json& object, const char* name, std::string_view where) {
  if (!object.is_object()) {
    throw FormatError(fmt::format("{} is {} where an object belongs", where, object.type_name()));
  }
  auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string string_field(const json& object, const char* name, std::string_view where) {
  const json& field = needed_field(object, name, where);
  if (!field.is_string()) wrong_type(field, name, where, "a string");
  return field.get<std::string>();
}

std::string string_field(const json& object, const char* name, std::string_view where,
                         std::string_view when_absent) {
  return find_field(object, name, where) ? string_field(object, name, where)
                                         : std::string(when_absent);
}

bool bool_field(const json& object, const char* name, std::string_view where, bool when_absent) {
  const json* field = find_field(object, name, where);
  if (!field) return when_absent;
  if (!field->is_boolean()) wrong_type(*field, name, where, "true or false");
  return field->get<bool>();
}

int64_t integer_field(const json& object, const char* name, std::string_view where) {
  const json& field = needed_field(object, name, where);
  if (!field.is_number_integer()) wrong_type(field, name, where, "a whole number");
  return field.get<int64_t>();
}

const json& array_field(const json& object, const char* name, std::string_view where) {
  const json& field = needed_field(object, name, where);
  if (!field.is_array()) wrong_type(field, name, where, "an array");
  return field;
}

char32_t character_field(const json& object, const char* name, std::string_view where,
                         char32_t when_absent) {
  if (!find_field(object, name, where)) return when_absent;
  std::string text = string_field(object, name, where);
  size_t end = 0;
  char32_t character = text.empty() ? 0 : next_code_point(text, end);
  if (text.empty() || end != text.size()) {
    throw FormatError(
        fmt::format("{}: \"{}\" is {} where one character belongs", where, name, in_quotes(text)));
  }
  return character;
}

std::string in_quotes(std::string_view text) {
  constexpr size_t longest = 60;
  if (text.size() <= longest) return fmt::format("\"{}\"", text);
  size_t end = longest;
  previous_code_point(text, end);
  return fmt::format("\"{}...\"", text.substr(0, end));
}

}  // namespace quern::models
