#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/language_model.h"
#include "models/training/data/answer_finder.h"
#include "models/training/data/row.h"
#include "models/training/data/token_places.h"

namespace quern::models {

/// What of a conversation the model is to learn to say. Of rows of text it is always everything.
enum class Supervise {
  assistant_turns,  ///< all that the assistant says
  last_turn,        ///< the last of these alone
  everything,
};

struct EncodeOptions {
  Supervise supervise = Supervise::assistant_turns;
  int max_seq_length = 2048;
  /// Rows longer than that are left out; else they lose their end.
  bool drop_long = false;
  /// What the chat template sees in every conversation: enable_thinking, say.
  nlohmann::ordered_json template_variables = {};
};

/// Tokens with what is to be learnt of them: [tokens.size()], 1 or 0.
struct EncodedSequence {
  std::vector<int32_t> tokens;
  std::vector<uint8_t> supervised;
};

/// What a row becomes for a model.
struct EncodedRow {
  EncodedSequence sequence;                 ///< with the chosen answer, of a preference
  std::optional<EncodedSequence> rejected;  ///< of a preference
  size_t uncut_length = 0;                  ///< tokens of the longer sequence before it was cut
  bool is_truncated = false;

  size_t length() const;  ///< of the longer sequence
};

/// What is known of a row's length without tokenizing it, in bytes of the (longer) text.
struct RenderedSize {
  size_t all = 0;
  size_t before_answer = 0;  ///< up to where there is something to learn
};

/// A token for people to look at.
struct MaskedToken {
  int32_t id;
  std::string text;  ///< what it adds to the text; U+FFFD for parts of characters
  bool is_supervised;
};

/// A plain form of conversations, for models that bring no chat template: each turn on lines of its
/// own behind "User:" or "Assistant:", the end-of-text token behind each answer.
extern const char* const plain_chat_template;

/// Rows to tokens, as the model will see conversations when it answers. Immutable; any thread may
/// call it.
class RowEncoder {
 public:
  /// Without a chat template only rows of text can be encoded. Throws ModelError for a
  /// max_seq_length below 2.
  RowEncoder(Tokenizer tokenizer, std::optional<ChatTemplate> chat_template, EncodeOptions options);
  /// With the model's tokenizer and, if it has one, chat template. Throws ModelError when the model
  /// has no tokenizer.
  static std::shared_ptr<const RowEncoder> for_model(const LanguageModel& model,
                                                     EncodeOptions options);

  /// At most max_seq_length tokens. A system message that the template has no place for becomes
  /// part of the first question. Throws RowError when the template refuses the conversation, when
  /// nothing of the row would be learnt; RowTooLong where that is for the row's length.
  EncodedRow encode(const Row& row) const;

  /// As encode() goes about it, but neither tokenized nor cut: finds what encode() would refuse for
  /// other reasons than length.
  RenderedSize render(const Row& row) const;

  /// The (chosen) sequence token by token.
  std::vector<MaskedToken> describe_mask(const Row& row) const;

  const EncodeOptions& options() const { return options_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }
  /// There must be one.
  const ChatTemplate& chat_template() const { return finder_.value().chat_template(); }

 private:
  RenderedConversation render(const std::vector<ChatMessage>& messages, size_t first_answer,
                              const nlohmann::ordered_json& tools) const;
  EncodedSequence encode_text(const std::string& text) const;
  EncodedSequence encode_conversation(const std::vector<ChatMessage>& messages, size_t first_answer,
                                      const nlohmann::ordered_json& tools) const;
  void cut(EncodedSequence& sequence, EncodedRow& row) const;

  Tokenizer tokenizer_;
  EncodeOptions options_;
  std::optional<AnswerFinder> finder_;
  TokenPlaces places_;
};

}  // namespace quern::models
