#include "models/generate/structured/schema_alternatives.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "models/generate/structured/schema_merge.h"

namespace quern::models::structured {
namespace {

constexpr size_t maximum_alternatives = 512;
constexpr int maximum_depth = 64;

std::string unescaped(std::string_view reference, const std::string& path) {
  std::string out;
  for (size_t i = 0; i < reference.size(); ++i) {
    if (reference[i] != '%') {
      out += reference[i];
      continue;
    }
    const std::string digits(reference.substr(i + 1, 2));
    if (digits.size() != 2 || digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos) {
      refuse_schema(path, fmt::format("\"$ref\" is \"{}\", which has a wrong escape", reference));
    }
    out += char(std::stoi(digits, nullptr, 16));
    i += 2;
  }
  return out;
}

std::set<std::string> names_in(const Json* list) {
  return list ? list->get<std::set<std::string>>() : std::set<std::string>();
}

/// Whether what is generated for the schema may have the property.
bool may_have(const Json& schema, const std::string& name) {
  const Json* properties = member(schema, "properties");
  if (properties && properties->contains(name)) return true;
  if (names_in(member(schema, "required")).contains(name)) return true;
  const Json* others = member(schema, "additionalProperties");
  return others ? *others != false : !properties;
}

/// Which values may meet two schemas without alternatives.
enum class Overlap { none, objects, possible };

/// Looks at types and listed values alone. `made` stands for what is generated for it.
Overlap compare(const Json& made, const Json& other) {
  const auto values = listed_values(made), other_values = listed_values(other);
  if (values && other_values) {
    const bool is_common = std::any_of(values->begin(), values->end(), [&](const Json& value) {
      return std::find(other_values->begin(), other_values->end(), value) != other_values->end();
    });
    return is_common ? Overlap::possible : Overlap::none;
  }
  const auto types = [](const Json& schema, const auto& listed, bool by_keywords) {
    std::vector<std::string> out;
    if (listed) {
      for (const Json& value : *listed) out.emplace_back(type_of(value));
    } else if (by_keywords || schema.contains("type")) {
      out = types_of(schema);
    }
    return out;
  };
  const auto made_types = types(made, values, true);
  const auto other_types = types(other, other_values, false);
  if (made_types.empty()) return Overlap::possible;
  Overlap overlap = Overlap::none;
  for (const std::string& type : made_types) {
    const bool is_shared =
        other_types.empty() ||
        std::any_of(other_types.begin(), other_types.end(), [&](const std::string& other_type) {
          return is_of_type(type, other_type) || is_of_type(other_type, type);
        });
    if (!is_shared) continue;
    if (type != "object" || values || other_values) return Overlap::possible;
    overlap = Overlap::objects;
  }
  return overlap;
}

}  // namespace

const Json& SchemaDocument::resolve(const std::string& reference, const std::string& path) const {
  if (!reference.starts_with('#')) {
    refuse_schema(path, fmt::format("\"$ref\" is \"{}\", but only references within the schema, "
                                    "which begin with #, are supported",
                                    reference));
  }
  const Json* found = nullptr;
  try {
    const Json::json_pointer pointer(unescaped(reference.substr(1), path));
    if (root_.contains(pointer)) found = &root_.at(pointer);
  } catch (const Json::exception&) {
    found = nullptr;
  }
  if (!found || !(found->is_object() || found->is_boolean())) {
    refuse_schema(path, fmt::format("\"$ref\" is \"{}\", where there is no schema", reference));
  }
  return *found;
}

std::vector<Json> SchemaDocument::expand(const Json& schema, const std::string& path) const {
  return expand(schema, path, Checks::exclusive, 0);
}

std::vector<Json> SchemaDocument::expand(const Json& schema, const std::string& path, Checks checks,
                                         int depth) const {
  if (depth > maximum_depth) refuse_schema(path, "the schema refers to itself without end");
  if (schema == true) return {Json::object()};
  if (schema == false) return {};
  check_keywords(schema, path);
  Json base = schema;
  for (const char* keyword : {"$ref", "anyOf", "oneOf", "allOf"}) base.erase(keyword);
  std::vector<Json> out = {base};
  const auto meet = [&](const std::vector<Json>& others) {
    std::vector<Json> met;
    for (const Json& left : out) {
      for (const Json& right : others) {
        if (auto merged = merge_schemas(left, right, path)) met.push_back(std::move(*merged));
      }
    }
    if (met.size() > maximum_alternatives) {
      refuse_schema(path, fmt::format("the schema has {} alternatives, but may have {}", met.size(),
                                      maximum_alternatives));
    }
    out = std::move(met);
  };
  if (const Json* reference = member(schema, "$ref")) {
    const auto target = reference->get<std::string>();
    meet(expand(resolve(target, path), target, checks, depth + 1));
  }
  if (const Json* all = member(schema, "allOf")) {
    for (size_t i = 0; i < all->size(); ++i) {
      meet(expand((*all)[i], below(path, "allOf", i), checks, depth + 1));
    }
  }
  if (const Json* any = member(schema, "anyOf")) {
    meet(expand_any(*any, below(path, "anyOf"), checks, depth + 1));
  }
  if (const Json* one = member(schema, "oneOf")) {
    if (checks == Checks::exclusive) require_exclusive(*one, below(path, "oneOf"));
    meet(expand_any(*one, below(path, "oneOf"), checks, depth + 1));
  }
  return out;
}

std::vector<Json> SchemaDocument::expand_any(const Json& schemas, const std::string& path,
                                             Checks checks, int depth) const {
  std::vector<Json> out;
  for (size_t i = 0; i < schemas.size(); ++i) {
    for (Json& alternative : expand(schemas[i], below(path, std::to_string(i)), checks, depth)) {
      out.push_back(std::move(alternative));
    }
  }
  return out;
}

void SchemaDocument::require_exclusive(const Json& alternatives, const std::string& path) const {
  for (size_t i = 0; i < alternatives.size(); ++i) {
    for (size_t k = 0; k < alternatives.size(); ++k) {
      if (i == k || never_meets(alternatives[i], alternatives[k], path)) continue;
      refuse_schema(path, fmt::format("the alternatives {} and {} may hold at once, which cannot "
                                      "be told apart while a value is written; use anyOf",
                                      std::min(i, k), std::max(i, k)));
    }
  }
}

bool SchemaDocument::never_meets(const Json& made, const Json& other,
                                 const std::string& path) const {
  for (const Json& left : expand(made, path, Checks::none, 0)) {
    for (const Json& right : expand(other, path, Checks::none, 0)) {
      const Overlap overlap = compare(left, right);
      if (overlap == Overlap::possible) return false;
      if (overlap == Overlap::objects && !objects_never_meet(left, right, path)) return false;
    }
  }
  return true;
}

bool SchemaDocument::objects_never_meet(const Json& made, const Json& other,
                                        const std::string& path) const {
  for (const std::string& name : names_in(member(other, "required"))) {
    if (!may_have(made, name)) return true;
  }
  const Json* properties = member(made, "properties");
  const Json* other_properties = member(other, "properties");
  for (const std::string& name : names_in(member(made, "required"))) {
    const Json* theirs = other_properties ? member(*other_properties, name) : nullptr;
    if (!theirs) theirs = member(other, "additionalProperties");
    if (!theirs) continue;
    if (*theirs == false) return true;
    const Json* ours = properties ? member(*properties, name) : nullptr;
    if (!ours) continue;
    bool may_meet = false;
    for (const Json& left : expand(*ours, path, Checks::none, 0)) {
      for (const Json& right : expand(*theirs, path, Checks::none, 0)) {
        may_meet = may_meet || compare(left, right) != Overlap::none;
      }
    }
    if (!may_meet) return true;
  }
  return false;
}

}  // namespace quern::models::structured
