#include "models/prompt/answer/tool_call.h"

#include <set>

#include "models/prompt/answer/literal_reader.h"

namespace quern::models {

using Json = nlohmann::ordered_json;

namespace {

const Json* field(const Json& value, const char* name) {
  if (!value.is_object()) return nullptr;
  const auto found = value.find(name);
  return found == value.end() ? nullptr : &*found;
}

const Json* find_parameter(const Json& tools, const std::string& tool,
                           const std::string& parameter) {
  if (!tools.is_array()) return nullptr;
  for (const Json& entry : tools) {
    const Json* inner = field(entry, "function");
    const Json& function = inner ? *inner : entry;
    const Json* name = field(function, "name");
    if (!name || *name != tool) continue;
    const Json* parameters = field(function, "parameters");
    const Json* properties = parameters ? field(*parameters, "properties") : nullptr;
    return properties ? field(*properties, parameter.c_str()) : nullptr;
  }
  return nullptr;
}

/// The names in "type", or in the types of anyOf's and oneOf's alternatives.
std::set<std::string> types_of(const Json& schema) {
  std::set<std::string> types;
  const auto add = [&](const Json& type) {
    if (type.is_string()) types.insert(type.get<std::string>());
  };
  if (const Json* type = field(schema, "type")) {
    if (type->is_array()) {
      for (const Json& name : *type) add(name);
    } else {
      add(*type);
    }
  }
  for (const char* keyword : {"anyOf", "oneOf"}) {
    const Json* alternatives = field(schema, keyword);
    if (!alternatives || !alternatives->is_array()) continue;
    for (const Json& alternative : *alternatives) {
      if (const Json* type = field(alternative, "type")) add(*type);
    }
  }
  return types;
}

bool is_of(const Json& value, const std::set<std::string>& types) {
  if (types.empty()) return true;
  switch (value.type()) {
    case Json::value_t::object:
      return types.contains("object");
    case Json::value_t::array:
      return types.contains("array");
    case Json::value_t::boolean:
      return types.contains("boolean");
    case Json::value_t::null:
      return types.contains("null");
    case Json::value_t::string:
      return types.contains("string");
    default:
      return types.contains("number") || types.contains("integer");
  }
}

}  // namespace

AnswerEvent AnswerEvent::of_text(Kind kind, std::string text) {
  AnswerEvent event;
  event.kind = kind;
  event.text = std::move(text);
  return event;
}

AnswerEvent AnswerEvent::of_call(ToolCall call) {
  AnswerEvent event;
  event.kind = Kind::tool_call;
  event.call = std::move(call);
  return event;
}

AnswerEvent AnswerEvent::malformed(std::string text, std::string error) {
  AnswerEvent event = of_text(Kind::malformed_call, std::move(text));
  event.error = std::move(error);
  return event;
}

Json ToolSchemas::typed(const std::string& tool, const std::string& parameter,
                        std::string_view text) const {
  const Json* schema = find_parameter(tools_, tool, parameter);
  const std::set<std::string> types = schema ? types_of(*schema) : std::set<std::string>();
  const auto is_meant = [&](const Json& value) {
    return is_of(value, types) && !(value.is_string() && types.contains("string"));
  };
  if (text == "True" && is_meant(true)) return true;
  if (text == "False" && is_meant(false)) return false;
  if (text == "None" && is_meant(nullptr)) return nullptr;
  try {
    if (Json value = parse_call_json(text); is_meant(value)) return value;
  } catch (const CallError&) {
    // Plain text, then.
  }
  return text;
}

}  // namespace quern::models
