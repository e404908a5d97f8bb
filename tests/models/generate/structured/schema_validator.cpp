#include "tests/models/generate/structured/schema_validator.h"

#include <algorithm>
#include <cmath>
#include <regex>
#include <string>

namespace quern::models::tests {
namespace {

using Json = nlohmann::ordered_json;

bool has_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "number") return value.is_number();
  return value.is_number() && value.get<double>() == std::floor(value.get<double>());
}

size_t characters(const std::string& text) {
  return size_t(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool is_date(const std::string& text) {
  static const std::regex shape("(\\d{4})-(\\d\\d)-(\\d\\d)");
  std::smatch match;
  if (!std::regex_match(text, match, shape)) return false;
  const int year = std::stoi(match[1]), month = std::stoi(match[2]), day = std::stoi(match[3]);
  if (month < 1 || month > 12 || day < 1) return false;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  const int days[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return day <= days[month - 1];
}

bool has_format(const std::string& text, const std::string& format) {
  static const std::regex time(
      "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])");
  static const std::regex uuid("[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}");
  static const std::regex email("[^@ ]+@[^@ .]+(\\.[^@ .]+)+");
  if (format == "date") return is_date(text);
  if (format == "time") return std::regex_match(text, time);
  if (format == "uuid") return std::regex_match(text, uuid);
  if (format == "email") return std::regex_match(text, email);
  return text.size() > 11 && text[10] == 'T' && is_date(text.substr(0, 10)) &&
         std::regex_match(text.substr(11), time);
}

bool is_valid_object(const Json& value, const Json& schema, const Json& root) {
  for (const Json& name : schema.value("required", Json::array())) {
    if (!value.contains(name.get<std::string>())) return false;
  }
  const Json properties = schema.value("properties", Json::object());
  const Json others = schema.value("additionalProperties", Json(true));
  return std::all_of(value.items().begin(), value.items().end(), [&](const auto& entry) {
    const Json& rule = properties.contains(entry.key()) ? properties[entry.key()] : others;
    return is_valid(entry.value(), rule, root);
  });
}

bool is_valid_array(const Json& value, const Json& schema, const Json& root) {
  if (value.size() < schema.value("minItems", size_t{0})) return false;
  if (value.size() > schema.value("maxItems", value.size())) return false;
  const Json prefix = schema.value("prefixItems", Json::array());
  for (size_t i = 0; i < value.size(); ++i) {
    const Json rule = i < prefix.size()          ? prefix[i]
                      : schema.contains("items") ? schema["items"]
                                                 : Json(true);
    if (!is_valid(value[i], rule, root)) return false;
  }
  return true;
}

}  // namespace

bool is_valid(const Json& value, const Json& schema, const Json& root) {
  if (schema.is_boolean()) return schema.get<bool>();
  const auto holds = [&](const Json& part) { return is_valid(value, part, root); };
  if (schema.contains("$ref")) {
    const std::string reference = schema["$ref"];
    if (!holds(root.at(Json::json_pointer(reference.substr(1))))) return false;
  }
  if (schema.contains("type")) {
    const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
    if (std::none_of(types.begin(), types.end(),
                     [&](const Json& type) { return has_type(value, type); })) {
      return false;
    }
  }
  if (schema.contains("const") && value != schema["const"]) return false;
  if (schema.contains("enum")) {
    const Json& list = schema["enum"];
    if (std::find(list.begin(), list.end(), value) == list.end()) return false;
  }
  const auto list = [&](const char* name) { return schema.value(name, Json::array()); };
  const Json all = list("allOf"), any = list("anyOf"), one = list("oneOf");
  if (!std::all_of(all.begin(), all.end(), holds)) return false;
  if (!any.empty() && std::none_of(any.begin(), any.end(), holds)) return false;
  if (!one.empty() && std::count_if(one.begin(), one.end(), holds) != 1) return false;
  if (value.is_number()) {
    const double x = value.get<double>();
    if (schema.contains("minimum") && x < schema["minimum"].get<double>()) return false;
    if (schema.contains("maximum") && x > schema["maximum"].get<double>()) return false;
    if (schema.contains("exclusiveMinimum") && x <= schema["exclusiveMinimum"].get<double>())
      return false;
    if (schema.contains("exclusiveMaximum") && x >= schema["exclusiveMaximum"].get<double>())
      return false;
  }
  if (value.is_string()) {
    const std::string text = value;
    if (characters(text) < schema.value("minLength", size_t{0})) return false;
    if (characters(text) > schema.value("maxLength", text.size())) return false;
    if (schema.contains("pattern") &&
        !std::regex_search(text, std::regex(schema["pattern"].get<std::string>()))) {
      return false;
    }
    if (schema.contains("format") && !has_format(text, schema["format"])) return false;
  }
  if (value.is_object()) return is_valid_object(value, schema, root);
  if (value.is_array()) return is_valid_array(value, schema, root);
  return true;
}

}  // namespace quern::models::tests
