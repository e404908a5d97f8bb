#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "models/language_model.h"
#include "models/prompt/chat_template.h"

namespace quern::models {

/// Token ids of a conversation, by the model's chat template, up to where its answer begins. The
/// template writes all special tokens itself: none is added. For a template that has no place for
/// instructions, a leading system message becomes the beginning of the first user message.
///
/// Throws ModelError when the model has no chat template or tokenizer, or the template refuses the
/// messages.
std::vector<int32_t> encode_chat(const LanguageModel& model, std::span<const ChatMessage> messages,
                                 const nlohmann::ordered_json& extra_variables = {});

/// The same, with the lengths of beginnings that later prompts of the conversation have as well:
/// where the instructions, the messages but the last, and all messages end.
struct ChatPrompt {
  std::vector<int32_t> tokens;
  std::vector<int> boundaries;  ///< ascending
};
ChatPrompt encode_chat_with_boundaries(const LanguageModel& model,
                                       std::span<const ChatMessage> messages,
                                       const nlohmann::ordered_json& extra_variables = {});

/// Token ids of a text to continue, with the special tokens that the tokenizer sets around a text,
/// but no second beginning-of-text token when the text is written with one.
std::vector<int32_t> encode_text(const Tokenizer& tokenizer, std::string_view text);

}  // namespace quern::models
