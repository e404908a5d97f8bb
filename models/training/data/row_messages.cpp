#include "models/training/data/row_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace quern::models {

namespace {

using Json = nlohmann::ordered_json;

struct RoleName {
  std::string_view name;
  std::string_view role;
};

constexpr RoleName roles[] = {
    {"system", "system"},   {"developer", "developer"},
    {"user", "user"},       {"assistant", "assistant"},
    {"tool", "tool"},       {"function", "function"},
    {"ipython", "ipython"}, {"tool_results", "tool_results"},
};

constexpr RoleName shared_roles[] = {
    {"system", "system"}, {"human", "user"},        {"user", "user"},
    {"gpt", "assistant"}, {"chatgpt", "assistant"}, {"assistant", "assistant"},
    {"tool", "tool"},     {"observation", "tool"},  {"function_response", "tool"},
};

template <size_t n>
std::string role_of(const Json& message, const char* name, const RoleName (&known)[n],
                    size_t place) {
  const auto value = message.find(name);
  if (value == message.end() || !value->is_string()) {
    throw RowError(fmt::format("message {} has no \"{}\" that is a string", place, name));
  }
  const auto& role = value->get_ref<const std::string&>();
  const auto found = std::find_if(std::begin(known), std::end(known),
                                  [&](const RoleName& entry) { return entry.name == role; });
  if (found != std::end(known)) return std::string(found->role);
  throw RowError(fmt::format("message {} has the unknown role \"{}\"", place, role.substr(0, 60)));
}

/// Of a list of parts the texts, one after the other.
std::string joined_parts(const Json& parts, size_t place) {
  std::string text;
  for (const Json& part : parts) {
    const bool is_text = part.is_object() && part.value("type", "text") == "text" &&
                         part.contains("text") && part["text"].is_string();
    if (!is_text) {
      throw RowError(fmt::format("message {} has a part that is not text", place));
    }
    text += part["text"].get_ref<const std::string&>();
  }
  return text;
}

bool has_calls(const Json& message) {
  const auto calls = message.find("tool_calls");
  return calls != message.end() && calls->is_array() && !calls->empty();
}

void require_text(const ChatMessage& message, size_t place) {
  // A system prompt may be empty, and a tool may have nothing to say.
  if (message.role != "user" && message.role != "assistant") return;
  if (message.content.find_first_not_of(" \t\r\n") != std::string::npos) return;
  throw RowError(fmt::format("message {}, the {}'s, is empty", place, message.role));
}

ChatMessage read_message(const Json& object, size_t place) {
  if (!object.is_object()) {
    throw RowError(
        fmt::format("message {} is {} where an object belongs", place, object.type_name()));
  }
  ChatMessage message;
  message.role = role_of(object, "role", roles, place);
  const auto content = object.find("content");
  const bool is_absent = content == object.end() || content->is_null();
  if (is_absent && !has_calls(object)) {
    throw RowError(fmt::format("message {} has no \"content\"", place));
  }
  if (!is_absent && !content->is_string() && !content->is_array()) {
    throw RowError(fmt::format("message {}: \"content\" is {} where a string belongs", place,
                               content->type_name()));
  }
  if (!is_absent) {
    message.content =
        content->is_string() ? content->get<std::string>() : joined_parts(*content, place);
  }
  if (!has_calls(object)) require_text(message, place);
  for (const auto& [name, value] : object.items()) {
    if (name != "role" && name != "content" && !value.is_null()) message.extra[name] = value;
  }
  return message;
}

/// A string is one message of that role.
std::vector<ChatMessage> messages_or_text(const Json& value, const char* role, const char* name) {
  if (value.is_array()) return read_messages(value);
  if (value.is_object()) return {read_message(value, 1)};
  if (!value.is_string()) {
    throw RowError(fmt::format("\"{}\" is {} where a string or a list of messages belongs", name,
                               value.type_name()));
  }
  // As CSV must write it.
  const auto& text = value.get_ref<const std::string&>();
  if (text.starts_with("[{")) {
    const Json list = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (list.is_array()) return read_messages(list);
  }
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw RowError(fmt::format("\"{}\" is empty", name));
  }
  return {{role, text}};
}

bool same(const ChatMessage& a, const ChatMessage& b) {
  return a.role == b.role && a.content == b.content && a.extra == b.extra;
}

/// Takes the messages that an answer repeats from the prompt off it.
void remove_prompt(std::vector<ChatMessage>& answer, const std::vector<ChatMessage>& prompt) {
  if (answer.size() <= prompt.size()) return;
  if (!std::equal(prompt.begin(), prompt.end(), answer.begin(), same)) return;
  answer.erase(answer.begin(), answer.begin() + static_cast<ptrdiff_t>(prompt.size()));
}

void require_answer(const std::vector<ChatMessage>& answer, const char* name) {
  if (!answer.empty() && answer.front().role == "assistant") return;
  throw RowError(fmt::format("\"{}\" does not begin with the assistant's message", name));
}

}  // namespace

std::vector<ChatMessage> read_messages(const Json& list) {
  std::vector<ChatMessage> messages;
  for (const Json& object : list) messages.push_back(read_message(object, messages.size() + 1));
  if (messages.empty()) throw RowError("a conversation without messages");
  return messages;
}

std::vector<ChatMessage> read_shared_messages(const Json& list) {
  std::vector<ChatMessage> messages;
  for (const Json& object : list) {
    const size_t place = messages.size() + 1;
    ChatMessage message;
    message.role = role_of(object, "from", shared_roles, place);
    const auto value = object.find("value");
    if (value == object.end() || !value->is_string()) {
      throw RowError(fmt::format("message {} has no \"value\" that is a string", place));
    }
    message.content = value->get<std::string>();
    require_text(message, place);
    messages.push_back(std::move(message));
  }
  if (messages.empty()) throw RowError("a conversation without messages");
  return messages;
}

Row read_completions(const Json& prompt, const Json& completion) {
  Row row{.kind = RowKind::completions};
  row.messages = messages_or_text(prompt, "user", "prompt");
  row.first_answer = row.messages.size();
  const auto answer = messages_or_text(completion, "assistant", "completion");
  require_answer(answer, "completion");
  row.messages.insert(row.messages.end(), answer.begin(), answer.end());
  return row;
}

Row read_preference(const Json& prompt, const Json& chosen, const Json& rejected) {
  Row row{.kind = RowKind::preference};
  row.chosen = messages_or_text(chosen, "assistant", "chosen");
  row.rejected = messages_or_text(rejected, "assistant", "rejected");
  if (!prompt.is_null()) {
    row.messages = messages_or_text(prompt, "user", "prompt");
  } else {
    // What both begin with, up to the last answer, is the prompt.
    const size_t most = std::min(row.chosen.size(), row.rejected.size()) - 1;
    const auto end =
        std::mismatch(row.chosen.begin(), row.chosen.begin() + static_cast<ptrdiff_t>(most),
                      row.rejected.begin(), same);
    row.messages.assign(row.chosen.begin(), end.first);
    if (row.messages.empty()) throw RowError("a preference without a prompt");
  }
  row.first_answer = row.messages.size();
  remove_prompt(row.chosen, row.messages);
  remove_prompt(row.rejected, row.messages);
  require_answer(row.chosen, "chosen");
  require_answer(row.rejected, "rejected");
  return row;
}

void require_an_answer(const std::vector<ChatMessage>& messages) {
  const auto is_answer = [](const ChatMessage& message) { return message.role == "assistant"; };
  if (std::none_of(messages.begin(), messages.end(), is_answer)) {
    throw RowError("nothing to learn: no message is the assistant's");
  }
  const auto first = std::find_if(messages.begin(), messages.end(), [](const ChatMessage& message) {
    return message.role != "system" && message.role != "developer";
  });
  if (is_answer(*first)) throw RowError("the assistant's message comes before any of the user's");
}

}  // namespace quern::models
