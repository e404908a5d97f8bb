#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/prompt/chat_template.h"
#include "models/tokenizer/tokenizer.h"

namespace quern::models {

/// Part of a text, in bytes.
struct TextSpan {
  size_t begin = 0, end = 0;
  bool operator==(const TextSpan&) const = default;
};

/// A conversation as the model sees it, and what of it the model is to say.
struct RenderedConversation {
  std::string text;
  /// Each from where the model begins to write to behind what ends its turn, or to the end of what
  /// it says when the template sets nothing behind it.
  std::vector<TextSpan> answers;
  /// The template has no token that ends a turn.
  bool is_open = false;
};

/// Finds the assistant's turns in what a chat template makes of a conversation, whatever the
/// template does with them: it trims some, takes the thinking out, moves the system prompt into the
/// last question. Nothing is assumed of the template's language; what counts is what it renders
/// from the same conversation with other answers, and from its beginnings. Immutable; any thread
/// may call it.
class AnswerFinder {
 public:
  /// `variables` are what the template sees besides, in every conversation.
  AnswerFinder(ChatTemplate chat_template, Tokenizer tokenizer, nlohmann::ordered_json variables);

  /// wanted: [messages.size()], of the assistant's messages whether to find them. Throws
  /// TemplateError when the template refuses the conversation, RowError when it cannot be told
  /// where a wanted answer stands.
  RenderedConversation render(std::span<const ChatMessage> messages,
                              const std::vector<bool>& wanted,
                              const nlohmann::ordered_json& tools) const;

  const ChatTemplate& chat_template() const { return template_; }
  /// Whether a leading system message becomes part of the first question.
  bool folds_system() const { return folds_system_; }

 private:
  struct Conversation;

  void learn_turns();
  std::string render_with(std::span<const ChatMessage> messages, bool add_generation_prompt,
                          const nlohmann::ordered_json& tools) const;
  std::optional<std::vector<TextSpan>> contents_at_once(const Conversation& conversation) const;
  TextSpan answer_alone(const Conversation& conversation, size_t index) const;
  size_t begin_of_answer(const Conversation& conversation, size_t index, size_t content) const;
  size_t end_of_turn(std::string_view text, size_t content_end) const;

  ChatTemplate template_;
  Tokenizer tokenizer_;
  nlohmann::ordered_json variables_;
  bool folds_system_ = false;
  /// What an answer follows, or the end of that; none when it is not known.
  std::optional<std::string> generation_prompt_;
  std::optional<std::string> turn_end_;  ///< what follows an answer; none when it is not known
  bool turn_end_is_token_ = true;
};

}  // namespace quern::models
