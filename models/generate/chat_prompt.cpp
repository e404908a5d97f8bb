#include "models/generate/chat_prompt.h"

#include <algorithm>
#include <utility>

namespace quern::models {

namespace {

std::vector<ChatMessage> with_system_folded(std::span<const ChatMessage> messages) {
  std::vector<ChatMessage> out(messages.begin() + 1, messages.end());
  const auto user = std::find_if(out.begin(), out.end(),
                                 [](const ChatMessage& message) { return message.role == "user"; });
  if (user != out.end()) user->content = messages.front().content + "\n\n" + user->content;
  return out;
}

}  // namespace

std::vector<int32_t> encode_chat(const LanguageModel& model, std::span<const ChatMessage> messages,
                                 const nlohmann::ordered_json& extra_variables) {
  const ChatTemplate& chat_template = model.chat_template();
  const bool fold = !messages.empty() && messages.front().role == "system" &&
                    !chat_template.supports_system_role();
  std::vector<ChatMessage> folded;
  if (fold) {
    folded = with_system_folded(messages);
    messages = folded;
  }
  return model.tokenizer().encode(chat_template.render(messages, true, extra_variables),
                                  /*add_special_tokens=*/false);
}

std::vector<int32_t> encode_text(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<int32_t> ids = tokenizer.encode(text, /*add_special_tokens=*/true);
  const auto bos = tokenizer.bos_token_id();
  if (bos && ids.size() >= 2 && ids[0] == *bos && ids[1] == *bos) ids.erase(ids.begin());
  return ids;
}

}  // namespace quern::models
