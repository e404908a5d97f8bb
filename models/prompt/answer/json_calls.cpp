#include <fmt/format.h>

#include <utility>

#include "models/prompt/answer/call_readers.h"
#include "models/prompt/answer/literal_reader.h"

namespace quern::models {

using Json = nlohmann::ordered_json;

namespace {

std::optional<std::string> text_field(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

void add_json_call(const Json& call, std::vector<AnswerEvent>& events) {
  if (call.is_array()) {
    for (const Json& part : call) add_json_call(part, events);
    return;
  }
  if (!call.is_object()) throw CallError("it is not a JSON object");
  const Json& function =
      call.contains("function") && call["function"].is_object() ? call["function"] : call;
  const auto name = text_field(function, "name");
  if (!name) throw CallError("it has no \"name\"");
  Json arguments;
  for (const char* key : {"arguments", "parameters"}) {
    if (function.contains(key)) {
      arguments = function[key];
      break;
    }
  }
  add_call(*name, std::move(arguments), events, text_field(call, "id"));
}

/// Runs `read` on every part that stands between the two marks; a part that cannot be read becomes
/// an event.
template <class Read>
void for_each_part(std::string_view body, std::string_view begin, std::string_view end,
                   std::vector<AnswerEvent>& events, Read read) {
  size_t at = body.find(begin);
  if (at == body.npos) throw CallError(fmt::format("\"{}\" is missing", begin));
  while (at != body.npos) {
    const size_t next = body.find(begin, at + begin.size());
    const std::string_view whole = body.substr(at, next == body.npos ? next : next - at);
    std::string_view part = whole.substr(begin.size());
    part = part.substr(0, part.find(end));
    try {
      read(part);
    } catch (const CallError& error) {
      events.push_back(AnswerEvent::malformed(std::string(whole), error.what()));
    }
    at = next;
  }
}

/// Cuts `text` at the mark and returns what stands before it; none when the mark is missing.
std::optional<std::string_view> cut(std::string_view& text, std::string_view mark) {
  const size_t found = text.find(mark);
  if (found == text.npos) return std::nullopt;
  const std::string_view before = text.substr(0, found);
  text.remove_prefix(found + mark.size());
  return before;
}

}  // namespace

void add_call(std::string name, Json arguments, std::vector<AnswerEvent>& events,
              std::optional<std::string> id) {
  if (name.empty()) throw CallError("its name is empty");
  if (arguments.is_string()) arguments = parse_call_json(arguments.get<std::string>());
  if (arguments.is_null()) arguments = Json::object();
  if (!arguments.is_object()) throw CallError("its arguments are not an object");
  events.push_back(AnswerEvent::of_call({std::move(name), std::move(arguments), std::move(id)}));
}

void read_json_calls(std::string_view body, const ToolSchemas&, std::vector<AnswerEvent>& events) {
  body = trimmed(body);
  std::vector<AnswerEvent> found;
  do {
    const size_t length =
        body.empty() || (body[0] != '{' && body[0] != '[') ? body.size() : json_length(body);
    add_json_call(parse_call_json(body.substr(0, length)), found);
    body = trimmed(body.substr(length));
    if (body.starts_with(';') || body.starts_with(',')) body = trimmed(body.substr(1));
  } while (!body.empty());
  events.insert(events.end(), found.begin(), found.end());
}

void read_mistral(std::string_view body, const ToolSchemas& tools,
                  std::vector<AnswerEvent>& events) {
  body = trimmed(body);
  if (body.starts_with('[') || body.starts_with('{')) {
    read_json_calls(body, tools, events);
    return;
  }
  const std::string whole = "[TOOL_CALLS]" + std::string(body);
  for_each_part(whole, "[TOOL_CALLS]", "[TOOL_CALLS]", events, [&](std::string_view part) {
    auto name = cut(part, "[ARGS]");
    if (!name) {
      name = part.substr(0, part.find('{'));
      part.remove_prefix(name->size());
    }
    std::optional<std::string> id;
    if (auto before = cut(*name, "[CALL_ID]")) {
      id = trimmed(*name);
      name = before;
    }
    add_call(std::string(trimmed(*name)), parse_call_json(trimmed(part)), events, id);
  });
}

void read_kimi(std::string_view body, const ToolSchemas&, std::vector<AnswerEvent>& events) {
  for_each_part(
      body, "<|tool_call_begin|>", "<|tool_call_end|>", events, [&](std::string_view part) {
        const auto before = cut(part, "<|tool_call_argument_begin|>");
        if (!before) throw CallError("\"<|tool_call_argument_begin|>\" is missing");
        const std::string_view id = trimmed(*before);
        std::string_view name = id.substr(0, id.rfind(':'));
        if (name.starts_with("functions.")) name.remove_prefix(10);
        add_call(std::string(name), parse_call_json(trimmed(part)), events, std::string(id));
      });
}

void read_deepseek(std::string_view body, const ToolSchemas&, std::vector<AnswerEvent>& events) {
  constexpr std::string_view fence = "```";
  for_each_part(body, "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>", events,
                [&](std::string_view part) {
                  const auto before = cut(part, "<｜tool▁sep｜>");
                  if (!before) throw CallError("\"<｜tool▁sep｜>\" is missing");
                  std::string_view name = trimmed(*before);
                  if (const auto line = cut(part, fence)) {
                    name = trimmed(*line);
                    if (part.starts_with("json")) part.remove_prefix(4);
                    part = part.substr(0, part.rfind(fence));
                  }
                  add_call(std::string(name), parse_call_json(trimmed(part)), events);
                });
}

}  // namespace quern::models
