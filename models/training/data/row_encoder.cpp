#include "models/training/data/row_encoder.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/generate/chat_prompt.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

const char* const plain_chat_template =
    "{{ bos_token }}{% for message in messages %}"
    "{{ message.role | capitalize }}: {{ message.content }}"
    "{% if message.role == 'assistant' %}{{ eos_token }}{% endif %}{{ '\n\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}";

namespace {

std::vector<ChatMessage> joined(const std::vector<ChatMessage>& prompt,
                                const std::vector<ChatMessage>& answer) {
  std::vector<ChatMessage> all = prompt;
  all.insert(all.end(), answer.begin(), answer.end());
  return all;
}

/// OpenAI's mark of answers that are context, not to be learnt.
bool has_no_weight(const ChatMessage& message) {
  const auto weight = message.extra.find("weight");
  return weight != message.extra.end() && weight->is_number() && *weight == 0;
}

}  // namespace

size_t EncodedRow::length() const {
  return std::max(sequence.tokens.size(), rejected ? rejected->tokens.size() : 0);
}

RowEncoder::RowEncoder(Tokenizer tokenizer, std::optional<ChatTemplate> chat_template,
                       EncodeOptions options)
    : tokenizer_(std::move(tokenizer)), options_(std::move(options)), places_(tokenizer_) {
  if (options_.max_seq_length < 2) {
    throw ModelError(
        fmt::format("[data] a max_seq_length of {}: at least 2 tokens are needed, one "
                    "to see and one to learn",
                    options_.max_seq_length));
  }
  if (chat_template) {
    finder_.emplace(std::move(*chat_template), tokenizer_, options_.template_variables);
  }
}

std::shared_ptr<const RowEncoder> RowEncoder::for_model(const LanguageModel& model,
                                                        EncodeOptions options) {
  std::optional<ChatTemplate> chat_template;
  if (model.has_chat_template()) chat_template = model.chat_template();
  return std::make_shared<const RowEncoder>(model.tokenizer(), std::move(chat_template),
                                            std::move(options));
}

RenderedConversation RowEncoder::render(const std::vector<ChatMessage>& messages,
                                        size_t first_answer,
                                        const nlohmann::ordered_json& tools) const {
  if (!finder_) {
    throw ModelError("[data] rows of conversations, but the model has no chat template",
                     "Train on rows with \"text\", or choose a chat template for it: the plain "
                     "one, say.");
  }
  std::vector<bool> wanted(messages.size());
  bool any = false;
  for (size_t i = messages.size(); i-- > first_answer;) {
    wanted[i] = messages[i].role == "assistant" && !has_no_weight(messages[i]) &&
                options_.supervise != Supervise::everything &&
                !(any && options_.supervise == Supervise::last_turn);
    any = any || wanted[i];
  }
  const bool folds =
      !messages.empty() && messages.front().role == "system" && finder_->folds_system();
  try {
    if (!folds) return finder_->render(messages, wanted, tools);
    wanted.erase(wanted.begin());
    return finder_->render(with_system_folded(messages), wanted, tools);
  } catch (const TemplateError& error) {
    throw RowError(fmt::format("the chat template refuses the conversation: {}", error.what()));
  }
}

EncodedSequence RowEncoder::encode_text(const std::string& text) const {
  EncodedSequence out{models::encode_text(tokenizer_, text), {}};
  const auto eos = tokenizer_.eos_token_id();
  if (eos && (out.tokens.empty() || out.tokens.back() != *eos)) out.tokens.push_back(*eos);
  out.supervised.assign(out.tokens.size(), 1);
  return out;
}

EncodedSequence RowEncoder::encode_conversation(const std::vector<ChatMessage>& messages,
                                                size_t first_answer,
                                                const nlohmann::ordered_json& tools) const {
  const RenderedConversation rendered = render(messages, first_answer, tools);
  EncodedSequence out{tokenizer_.encode(rendered.text, /*add_special_tokens=*/false), {}};
  const bool learns_all = options_.supervise == Supervise::everything;
  out.supervised.assign(out.tokens.size(), learns_all ? 1 : 0);
  std::vector<size_t> positions;
  for (const TextSpan& answer : rendered.answers) {
    positions.insert(positions.end(), {answer.begin, answer.end});
  }
  const auto counts = places_.counts_before(rendered.text, out.tokens, positions);
  for (size_t i = 0; i + 1 < counts.size(); i += 2) {
    for (size_t t = counts[i]; t < counts[i + 1]; ++t) out.supervised[t] = 1;
  }
  const auto eos = tokenizer_.eos_token_id();
  if (rendered.is_open && eos && !out.tokens.empty() && out.tokens.back() != *eos) {
    // Nothing in the template tells the model where an answer ends.
    out.tokens.push_back(*eos);
    out.supervised.push_back(out.supervised.back());
  }
  return out;
}

void RowEncoder::cut(EncodedSequence& sequence, EncodedRow& row) const {
  const auto limit = static_cast<size_t>(options_.max_seq_length);
  const size_t length = sequence.tokens.size();
  row.uncut_length = std::max(row.uncut_length, length);
  if (length > limit && options_.drop_long) {
    throw RowTooLong(fmt::format("{} tokens: more than {}", length, limit));
  }
  if (length > limit) {
    sequence.tokens.resize(limit);
    sequence.supervised.resize(limit);
    row.is_truncated = true;
  }
  if (!sequence.tokens.empty()) sequence.supervised.front() = 0;
  if (std::find(sequence.supervised.begin(), sequence.supervised.end(), 1) !=
      sequence.supervised.end()) {
    return;
  }
  if (length > limit) {
    throw RowTooLong(fmt::format("nothing to learn in the first {} of {} tokens", limit, length));
  }
  throw RowError(fmt::format("nothing to learn in {} tokens", length));
}

EncodedRow RowEncoder::encode(const Row& row) const {
  EncodedRow out;
  if (row.kind == RowKind::text) {
    out.sequence = encode_text(row.text);
  } else if (row.kind == RowKind::preference) {
    const size_t first = row.first_answer;
    out.sequence = encode_conversation(joined(row.messages, row.chosen), first, row.tools);
    out.rejected = encode_conversation(joined(row.messages, row.rejected), first, row.tools);
  } else {
    out.sequence = encode_conversation(row.messages, row.first_answer, row.tools);
  }
  cut(out.sequence, out);
  if (out.rejected) cut(*out.rejected, out);
  return out;
}

RenderedSize RowEncoder::render(const Row& row) const {
  RenderedSize size;
  const auto measure = [&](const std::vector<ChatMessage>& messages) {
    const RenderedConversation rendered = render(messages, row.first_answer, row.tools);
    size.all = std::max(size.all, rendered.text.size());
    if (options_.supervise == Supervise::everything) return;
    if (rendered.answers.empty()) throw RowError("nothing to learn: no answer has a weight");
    size.before_answer = std::max(size.before_answer, rendered.answers.front().begin);
  };
  if (row.kind == RowKind::text) {
    size.all = row.text.size();
  } else if (row.kind == RowKind::preference) {
    measure(joined(row.messages, row.chosen));
    measure(joined(row.messages, row.rejected));
  } else {
    measure(row.messages);
  }
  return size;
}

std::vector<MaskedToken> RowEncoder::describe_mask(const Row& row) const {
  const EncodedSequence sequence = encode(row).sequence;
  std::vector<MaskedToken> out;
  for (size_t i = 0; i < sequence.tokens.size(); ++i) {
    const int32_t id = sequence.tokens[i];
    out.push_back(
        {id, replace_invalid_utf8(places_.bytes_of(id, i == 0)), sequence.supervised[i] != 0});
  }
  return out;
}

}  // namespace quern::models
