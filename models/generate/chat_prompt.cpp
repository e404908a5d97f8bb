#include "models/generate/chat_prompt.h"

#include <algorithm>
#include <utility>

#include "models/cache/prefix_store.h"
#include "models/error.h"

namespace quern::models {

namespace {

/// The messages, or, in `place`, others that a template without a place for instructions takes.
std::span<const ChatMessage> as_the_template_takes_them(const LanguageModel& model,
                                                        std::span<const ChatMessage> messages,
                                                        std::vector<ChatMessage>& place) {
  const bool fold = !messages.empty() && messages.front().role == "system" &&
                    !model.chat_template().supports_system_role();
  if (!fold) return messages;
  return place = with_system_folded(messages);
}

std::vector<int32_t> encode(const LanguageModel& model, std::span<const ChatMessage> messages,
                            bool add_generation_prompt,
                            const nlohmann::ordered_json& extra_variables) {
  return model.tokenizer().encode(
      model.chat_template().render(messages, add_generation_prompt, extra_variables),
      /*add_special_tokens=*/false);
}

}  // namespace

std::vector<int32_t> encode_chat(const LanguageModel& model, std::span<const ChatMessage> messages,
                                 const nlohmann::ordered_json& extra_variables) {
  std::vector<ChatMessage> place;
  return encode(model, as_the_template_takes_them(model, messages, place), true, extra_variables);
}

ChatPrompt encode_chat_with_boundaries(const LanguageModel& model,
                                       std::span<const ChatMessage> messages,
                                       const nlohmann::ordered_json& extra_variables) {
  std::vector<ChatMessage> place;
  messages = as_the_template_takes_them(model, messages, place);
  ChatPrompt prompt{encode(model, messages, true, extra_variables), {}};
  const size_t instructions = !messages.empty() && messages[0].role == "system" ? 1 : 0;
  for (const size_t count : {instructions, messages.size() - 1, messages.size()}) {
    if (count == 0 || count > messages.size()) continue;
    try {
      // What follows may change how messages are written: only what both share counts.
      const int length = common_length(encode(model, messages.first(count), false, extra_variables),
                                       prompt.tokens);
      if (length > 0) prompt.boundaries.push_back(length);
    } catch (const ModelError&) {
      // Not every beginning of a conversation is one that the template takes.
    }
  }
  std::sort(prompt.boundaries.begin(), prompt.boundaries.end());
  return prompt;
}

std::vector<int32_t> encode_text(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<int32_t> ids = tokenizer.encode(text, /*add_special_tokens=*/true);
  const auto bos = tokenizer.bos_token_id();
  if (bos && ids.size() >= 2 && ids[0] == *bos && ids[1] == *bos) ids.erase(ids.begin());
  return ids;
}

}  // namespace quern::models
