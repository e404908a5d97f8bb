#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/prompt/jinja.h"

namespace quern::models {

/// One turn of a conversation as a chat template sees it.
struct ChatMessage {
  std::string role;
  std::string content;
  /// Further fields of the message object (tool_calls, name, reasoning_content, ...), or null. A
  /// field called content takes the place of the text above, for templates that expect a list of
  /// parts.
  nlohmann::ordered_json extra = {};
};

/// The template by which a model's conversations become prompts. Any thread may use it.
class ChatTemplate {
 public:
  /// `source` is Jinja. The tokens are what the template sees as bos_token and eos_token, empty for
  /// a model without. Throws TemplateError where the source is not a template.
  ChatTemplate(std::string_view source, std::string bos_token, std::string eos_token);

  /// The prompt. The template sees messages, add_generation_prompt, bos_token, eos_token and the
  /// fields of `extra_variables` (an object or null: tools, enable_thinking, ...), which win.
  /// Throws TemplateError, also where the template itself refuses the conversation.
  std::string render(std::span<const ChatMessage> messages, bool add_generation_prompt = true,
                     const nlohmann::ordered_json& extra_variables = {}) const;

  /// Whether the template anywhere reads this variable: tools, enable_thinking, ...
  bool uses(std::string_view variable) const { return template_.reads(variable); }

  /// Whether a system message before the first user message reaches the prompt. Found by rendering:
  /// false for templates that refuse such a message and for those that pass over it.
  bool supports_system_role() const;

 private:
  JinjaTemplate template_;
  std::string bos_token_;
  std::string eos_token_;
};

/// For templates without a place for instructions: the messages behind a leading system message,
/// the first user message of which begins with it.
std::vector<ChatMessage> with_system_folded(std::span<const ChatMessage> messages);

}  // namespace quern::models
