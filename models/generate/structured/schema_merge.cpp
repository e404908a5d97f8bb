#include "models/generate/structured/schema_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace quern::models::structured {
namespace {

Json both(const Json& left, const Json& right) {
  if (left == right || right == true) return left;
  if (left == true) return right;
  if (left == false || right == false) return false;
  return {{"allOf", Json::array({left, right})}};
}

Json all_required(Json left, const Json& right) {
  for (const Json& name : right) {
    if (std::find(left.begin(), left.end(), name) == left.end()) left.push_back(name);
  }
  return left;
}

/// What a schema says of the property of this name.
Json property(const Json& schema, const std::string& name) {
  const Json* properties = member(schema, "properties");
  if (const Json* found = properties ? member(*properties, name) : nullptr) return *found;
  const Json* others = member(schema, "additionalProperties");
  return others ? *others : Json(true);
}

Json all_properties(const Json& left, const Json& right) {
  Json out = Json::object();
  for (const Json* schema : {&left, &right}) {
    const Json* properties = member(*schema, "properties");
    if (!properties) continue;
    for (const auto& entry : properties->items()) {
      const std::string& name = entry.key();
      if (!out.contains(name)) out[name] = both(property(left, name), property(right, name));
    }
  }
  return out;
}

/// The types that both allow; none where there are none.
std::optional<Json> common_types(const Json& left, const Json& right) {
  const auto list = [](const Json& type) {
    return type.is_string() ? std::vector<std::string>{type} : type.get<std::vector<std::string>>();
  };
  Json out = Json::array();
  for (const std::string& a : list(left)) {
    for (const std::string& b : list(right)) {
      if (is_of_type(a, b)) {
        out.push_back(a);
      } else if (is_of_type(b, a)) {
        out.push_back(b);
      }
    }
  }
  return out.empty() ? std::nullopt : std::optional(out);
}

std::optional<Json> common_values(const Json& left, const Json& right) {
  const auto first = listed_values(left);
  const auto second = listed_values(right);
  if (!first || !second) return Json(first ? *first : *second);
  Json out = Json::array();
  for (const Json& value : *first) {
    if (std::find(second->begin(), second->end(), value) != second->end()) out.push_back(value);
  }
  return out.empty() ? std::nullopt : std::optional(out);
}

Json joined(const std::string& keyword, const Json& left, const Json& right,
            const std::string& path) {
  if (left == right) return left;
  if (keyword == "required") return all_required(left, right);
  if (keyword == "items" || keyword == "additionalProperties") return both(left, right);
  if (keyword == "minItems" || keyword == "minLength" || keyword == "minimum" ||
      keyword == "exclusiveMinimum") {
    return std::max(left, right);
  }
  if (keyword == "maxItems" || keyword == "maxLength" || keyword == "maximum" ||
      keyword == "exclusiveMaximum") {
    return std::min(left, right);
  }
  refuse_schema(path, fmt::format("two \"{}\" for the same value are not supported", keyword));
}

}  // namespace

std::optional<Json> merge_schemas(const Json& left, const Json& right, const std::string& path) {
  Json out = Json::object();
  for (const Json* schema : {&left, &right}) {
    for (const auto& [keyword, value] : schema->items()) {
      if (is_annotation(keyword) || out.contains(keyword)) continue;
      if (keyword == "enum" || keyword == "const") {
        const auto values = common_values(left, right);
        if (!values) return std::nullopt;
        out["enum"] = *values;
        continue;
      }
      if (keyword == "properties") {
        out[keyword] = all_properties(left, right);
        continue;
      }
      const Json* first = member(left, keyword);
      const Json* second = member(right, keyword);
      if (!first || !second) {
        out[keyword] = value;
      } else if (keyword == "type") {
        const auto types = common_types(*first, *second);
        if (!types) return std::nullopt;
        out[keyword] = *types;
      } else {
        out[keyword] = joined(keyword, *first, *second, path);
      }
    }
  }
  return out;
}

}  // namespace quern::models::structured
