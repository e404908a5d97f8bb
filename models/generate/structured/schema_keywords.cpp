#include "models/generate/structured/schema_keywords.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "models/error.h"

namespace quern::models::structured {
namespace {

enum class Shape { any, text, count, number, type, texts, values, schema, schemas, named_schemas };

struct Keyword {
  std::string_view name;
  Shape shape;
  /// The type that it is about; empty for all.
  std::string_view type = {};
  bool annotation = false;
};

constexpr Keyword keywords[] = {
    {"type", Shape::type},
    {"enum", Shape::values},
    {"const", Shape::any},
    {"anyOf", Shape::schemas},
    {"oneOf", Shape::schemas},
    {"allOf", Shape::schemas},
    {"$ref", Shape::text},
    {"$defs", Shape::named_schemas, {}, true},
    {"definitions", Shape::named_schemas, {}, true},
    {"properties", Shape::named_schemas, "object"},
    {"required", Shape::texts, "object"},
    {"additionalProperties", Shape::schema, "object"},
    {"items", Shape::schema, "array"},
    {"prefixItems", Shape::schemas, "array"},
    {"minItems", Shape::count, "array"},
    {"maxItems", Shape::count, "array"},
    {"minLength", Shape::count, "string"},
    {"maxLength", Shape::count, "string"},
    {"pattern", Shape::text, "string"},
    {"format", Shape::text, "string"},
    {"minimum", Shape::number, "number"},
    {"maximum", Shape::number, "number"},
    {"exclusiveMinimum", Shape::number, "number"},
    {"exclusiveMaximum", Shape::number, "number"},
    {"title", Shape::any, {}, true},
    {"description", Shape::any, {}, true},
    {"default", Shape::any, {}, true},
    {"example", Shape::any, {}, true},
    {"examples", Shape::any, {}, true},
    {"deprecated", Shape::any, {}, true},
    {"readOnly", Shape::any, {}, true},
    {"writeOnly", Shape::any, {}, true},
    {"discriminator", Shape::any, {}, true},
    {"$schema", Shape::any, {}, true},
    {"$id", Shape::any, {}, true},
    {"$comment", Shape::any, {}, true},
};

constexpr std::string_view type_names[] = {"object",  "array",   "string", "number",
                                           "integer", "boolean", "null"};

const Keyword* find_keyword(std::string_view name) {
  const auto found = std::find_if(std::begin(keywords), std::end(keywords),
                                  [&](const Keyword& keyword) { return keyword.name == name; });
  return found == std::end(keywords) ? nullptr : found;
}

bool is_type_name(const Json& value) {
  return value.is_string() && std::find(std::begin(type_names), std::end(type_names),
                                        value.get<std::string>()) != std::end(type_names);
}

template <class Predicate>
bool all(const Json& list, Predicate holds) {
  return list.is_array() && std::all_of(list.begin(), list.end(), holds);
}

bool is_text(const Json& value) { return value.is_string(); }

bool is_schema(const Json& value) { return value.is_object() || value.is_boolean(); }

bool is_count(const Json& value) {
  if (!value.is_number()) return false;
  const double number = value.get<double>();
  return number >= 0 && number == std::floor(number);
}

/// What the value must be; empty where it is.
std::string_view missing_shape(Shape shape, const Json& value) {
  switch (shape) {
    case Shape::any:
      return "";
    case Shape::text:
      return value.is_string() ? "" : "a text";
    case Shape::count:
      return is_count(value) ? "" : "a whole number, 0 or more";
    case Shape::number:
      return value.is_number() ? "" : "a number";
    case Shape::type:
      return is_type_name(value) || (all(value, is_type_name) && !value.empty())
                 ? ""
                 : "one or a list of object, array, string, number, integer, boolean and null";
    case Shape::texts:
      return all(value, is_text) ? "" : "a list of texts";
    case Shape::values:
      return value.is_array() ? "" : "a list of values";
    case Shape::schema:
      return is_schema(value) ? "" : "a schema: an object, true or false";
    case Shape::schemas:
      return all(value, is_schema) && !value.empty() ? "" : "a list of schemas";
    case Shape::named_schemas:
      return value.is_object() && std::all_of(value.begin(), value.end(), is_schema)
                 ? ""
                 : "an object of schemas";
  }
  return "";
}

}  // namespace

void refuse_schema(const std::string& path, const std::string& what) {
  throw ModelError(fmt::format("[grammar] {}: {}", path, what),
                   "Change the JSON schema at that place.");
}

void check_keywords(const Json& schema, const std::string& path) {
  for (const auto& [name, value] : schema.items()) {
    const Keyword* keyword = find_keyword(name);
    if (!keyword) {
      if (name == "uniqueItems" && value == false) continue;
      refuse_schema(path, fmt::format("the keyword \"{}\" is not supported", name));
    }
    if (const auto missing = missing_shape(keyword->shape, value); !missing.empty()) {
      refuse_schema(path, fmt::format("\"{}\" must be {}", name, missing));
    }
  }
}

bool is_annotation(std::string_view keyword) {
  const Keyword* found = find_keyword(keyword);
  return found ? found->annotation : keyword == "uniqueItems";
}

std::string below(const std::string& path, std::string_view step) {
  return fmt::format("{}/{}", path, step);
}

std::string below(const std::string& path, std::string_view step, size_t index) {
  return fmt::format("{}/{}/{}", path, step, index);
}

const Json* member(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::vector<std::string> types_of(const Json& schema) {
  std::vector<std::string> types;
  if (const Json* given = member(schema, "type")) {
    if (given->is_string()) return {given->get<std::string>()};
    types = given->get<std::vector<std::string>>();
    if (std::find(types.begin(), types.end(), "number") != types.end()) {
      std::erase(types, "integer");
    }
  } else {
    for (const auto& entry : schema.items()) {
      const Keyword* keyword = find_keyword(entry.key());
      if (keyword && !keyword->type.empty()) types.emplace_back(keyword->type);
    }
  }
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  return types;
}

std::string_view type_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      return "object";
    case Json::value_t::array:
      return "array";
    case Json::value_t::string:
      return "string";
    case Json::value_t::boolean:
      return "boolean";
    case Json::value_t::null:
      return "null";
    case Json::value_t::number_float:
      return value.get<double>() == std::floor(value.get<double>()) ? "integer" : "number";
    default:
      return "integer";
  }
}

bool is_of_type(std::string_view type, std::string_view wanted) {
  return type == wanted || (type == "integer" && wanted == "number");
}

std::optional<std::vector<Json>> listed_values(const Json& schema) {
  const Json* list = member(schema, "enum");
  const Json* constant = member(schema, "const");
  if (!list) return constant ? std::optional(std::vector<Json>{*constant}) : std::nullopt;
  std::vector<Json> values(list->begin(), list->end());
  if (constant) std::erase_if(values, [&](const Json& value) { return value != *constant; });
  return values;
}

}  // namespace quern::models::structured
