#include "models/prompt/chat_template.h"

#include <algorithm>

namespace quern::models {
namespace {

nlohmann::ordered_json message_object(const ChatMessage& message) {
  nlohmann::ordered_json object{{"role", message.role}, {"content", message.content}};
  if (!message.extra.is_null()) object.update(message.extra);
  return object;
}

}  // namespace

ChatTemplate::ChatTemplate(std::string_view source, std::string bos_token, std::string eos_token)
    : template_(JinjaTemplate::parse(source)),
      bos_token_(std::move(bos_token)),
      eos_token_(std::move(eos_token)) {}

std::string ChatTemplate::render(std::span<const ChatMessage> messages, bool add_generation_prompt,
                                 const nlohmann::ordered_json& extra_variables) const {
  auto list = nlohmann::ordered_json::array();
  for (const ChatMessage& message : messages) list.push_back(message_object(message));
  nlohmann::ordered_json variables{{"add_generation_prompt", add_generation_prompt},
                                   {"bos_token", bos_token_},
                                   {"eos_token", eos_token_}};
  variables["messages"] = std::move(list);
  if (!extra_variables.is_null()) variables.update(extra_variables);
  try {
    return template_.render(variables);
  } catch (const TemplateError& error) {
    throw TemplateError(
        error.what(),
        "The model's chat template refuses this conversation: change its roles or order, or "
        "leave out the system prompt.");
  }
}

bool ChatTemplate::supports_system_role() const {
  const std::string instruction = "Speak of querns.";
  const ChatMessage conversation[] = {{"system", instruction}, {"user", "Hello."}};
  try {
    return render(conversation).find(instruction) != std::string::npos;
  } catch (const TemplateError&) {
    return false;
  }
}

std::vector<ChatMessage> with_system_folded(std::span<const ChatMessage> messages) {
  std::vector<ChatMessage> out(messages.begin() + 1, messages.end());
  const auto user = std::find_if(out.begin(), out.end(),
                                 [](const ChatMessage& message) { return message.role == "user"; });
  if (user != out.end()) user->content = messages.front().content + "\n\n" + user->content;
  return out;
}

}  // namespace quern::models
