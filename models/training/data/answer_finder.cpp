#include "models/training/data/answer_finder.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/tokenizer/tokenizer_parts.h"
#include "models/training/data/row.h"

namespace quern::models {

namespace {

constexpr std::string_view white_space = " \t\r\n\v\f";

/// Stands in an answer's place. Letters and digits only: templates leave these alone.
std::string mark(size_t index) { return fmt::format("QuernAnswer{}Stands0Here", index); }

/// The text around the only occurrence of `mark`, if there is just one.
std::optional<std::pair<std::string_view, std::string_view>> around(std::string_view text,
                                                                    std::string_view mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos || text.find(mark, at + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return std::pair(text.substr(0, at), text.substr(at + mark.size()));
}

size_t common_prefix(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                             a.begin());
}

std::string_view without_leading_space(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(white_space), text.size()));
}

std::string_view without_trailing_space(std::string_view text) {
  return text.substr(0, text.find_last_not_of(white_space) + 1);
}

/// What stands before, between and behind the marks; none when they do not come in order.
std::optional<std::vector<std::string_view>> parts_between(std::string_view text,
                                                           const std::vector<std::string>& marks) {
  std::vector<std::string_view> parts;
  for (const std::string& mark : marks) {
    const size_t at = text.find(mark);
    if (at == std::string_view::npos) return std::nullopt;
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + mark.size());
  }
  parts.push_back(text);
  return parts;
}

/// How long the content is at the beginning of the text, as it is or trimmed, so that `next`
/// follows.
std::optional<size_t> size_before(std::string_view text, std::string_view content,
                                  std::string_view next) {
  for (const std::string_view form :
       {content, without_trailing_space(content), without_leading_space(content),
        without_trailing_space(without_leading_space(content))}) {
    if (text.starts_with(form) && text.substr(form.size()).starts_with(next)) return form.size();
  }
  return std::nullopt;
}

bool is_blank(std::string_view text) { return without_leading_space(text).empty(); }

}  // namespace

struct AnswerFinder::Conversation {
  std::span<const ChatMessage> messages;
  const nlohmann::ordered_json& tools;
  std::string text;             ///< all of it, rendered
  std::vector<size_t> answers;  ///< indices of the assistant's messages
};

AnswerFinder::AnswerFinder(ChatTemplate chat_template, Tokenizer tokenizer,
                           nlohmann::ordered_json variables)
    : template_(std::move(chat_template)),
      tokenizer_(std::move(tokenizer)),
      variables_(std::move(variables)),
      folds_system_(!template_.supports_system_role()) {
  learn_turns();
}

std::string AnswerFinder::render_with(std::span<const ChatMessage> messages,
                                      bool add_generation_prompt,
                                      const nlohmann::ordered_json& tools) const {
  if (tools.is_null()) return template_.render(messages, add_generation_prompt, variables_);
  nlohmann::ordered_json variables = variables_;
  variables["tools"] = tools;
  return template_.render(messages, add_generation_prompt, variables);
}

/// What stands before and behind an answer, from a conversation that no template refuses; one that
/// does is asked for each conversation by itself.
void AnswerFinder::learn_turns() {
  const ChatMessage conversation[] = {{"user", "a"}, {"assistant", mark(0)}, {"user", "b"}};
  const std::span all(conversation);
  try {
    const std::string prompt = render_with(all.first(1), true, {});
    const std::string question = render_with(all.first(1), false, {});
    const std::string ending = render_with(all.first(2), false, {});
    const std::string going_on = render_with(all, false, {});
    const auto last = around(ending, mark(0)), inner = around(going_on, mark(0));
    if (!last || !inner) return;
    const std::string added = prompt.substr(common_prefix(prompt, question));
    if (!added.empty() || last->first == prompt) generation_prompt_ = added;
    std::string_view end = last->second.substr(0, common_prefix(last->second, inner->second));
    turn_end_is_token_ = false;
    for (const AddedTokenSpan& span : tokenizer_.parts().raw_added_tokens.find_all(end)) {
      if (span.id < 0 || is_blank(end.substr(span.begin, span.end - span.begin))) continue;
      end = end.substr(0, span.end);
      turn_end_is_token_ = true;
      break;
    }
    turn_end_ = end;
  } catch (const TemplateError&) {
    // end_of_turn() goes by the tokens.
  }
}

RenderedConversation AnswerFinder::render(std::span<const ChatMessage> messages,
                                          const std::vector<bool>& wanted,
                                          const nlohmann::ordered_json& tools) const {
  Conversation conversation{messages, tools, render_with(messages, false, tools), {}};
  for (size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].role == "assistant") conversation.answers.push_back(i);
  }
  RenderedConversation out;
  const auto contents = contents_at_once(conversation);
  for (size_t i = 0; i < conversation.answers.size(); ++i) {
    const size_t index = conversation.answers[i];
    if (!wanted[index]) continue;
    if (contents) {
      const auto [begin, end] = (*contents)[i];
      out.answers.push_back(
          {begin_of_answer(conversation, index, begin), end_of_turn(conversation.text, end)});
    } else {
      out.answers.push_back(answer_alone(conversation, index));
    }
  }
  out.text = std::move(conversation.text);
  out.is_open = !turn_end_is_token_;
  return out;
}

/// The answers' texts, found by rendering marks in their places: proven when what stands between
/// the marks, with the answers or the answers trimmed, is the rendered conversation. Otherwise
/// none.
std::optional<std::vector<TextSpan>> AnswerFinder::contents_at_once(
    const Conversation& conversation) const {
  std::vector<ChatMessage> marked(conversation.messages.begin(), conversation.messages.end());
  std::vector<std::string> marks;
  for (const size_t index : conversation.answers) {
    if (!marked[index].extra.is_null()) return std::nullopt;  // not only text: calls, say
    marks.push_back(marked[index].content = mark(index));
  }
  std::string rendered;
  try {
    rendered = render_with(marked, false, conversation.tools);
  } catch (const TemplateError&) {
    return std::nullopt;
  }
  const auto between = parts_between(rendered, marks);
  if (!between || !conversation.text.starts_with(between->front())) return std::nullopt;
  std::vector<TextSpan> spans;
  size_t position = between->front().size();
  for (size_t i = 0; i < marks.size(); ++i) {
    const std::string& content = conversation.messages[conversation.answers[i]].content;
    const std::string_view next = (*between)[i + 1];
    const auto size =
        size_before(std::string_view(conversation.text).substr(position), content, next);
    if (!size) return std::nullopt;
    spans.push_back({position, position + *size});
    position += *size + next.size();
  }
  if (position != conversation.text.size()) return std::nullopt;
  return spans;
}

/// Where the model begins to write: behind the prompt that it is given at that point. `content` is
/// where its text begins, by which it goes when that prompt is no beginning of the conversation.
size_t AnswerFinder::begin_of_answer(const Conversation& conversation, size_t index,
                                     size_t content) const {
  const std::string_view text = conversation.text;
  if (generation_prompt_ && content != std::string_view::npos &&
      text.substr(0, content).ends_with(*generation_prompt_)) {
    return content;
  }
  try {
    const std::string prompt =
        render_with(conversation.messages.first(index), true, conversation.tools);
    if (text.starts_with(prompt)) return prompt.size();
  } catch (const TemplateError&) {
    // Not every beginning of a conversation is one that the template takes.
  }
  return content;
}

size_t AnswerFinder::end_of_turn(std::string_view text, size_t content_end) const {
  const std::string_view rest = text.substr(content_end);
  if (turn_end_ && rest.starts_with(*turn_end_)) return content_end + turn_end_->size();
  // A turn of another sort (a call of a tool) may end by another token.
  const std::string_view next = without_leading_space(rest);
  const AddedToken* token = tokenizer_.parts().raw_added_tokens.longest_prefix(next);
  if (!token || !token->special) return content_end;
  return text.size() - next.size() + token->content.size();
}

/// One answer by itself, where finding all at once has not worked.
TextSpan AnswerFinder::answer_alone(const Conversation& conversation, size_t index) const {
  const std::string_view text = conversation.text;
  constexpr size_t unknown = std::string_view::npos;
  size_t begin = unknown, end = unknown;
  try {
    std::vector<ChatMessage> marked(conversation.messages.begin(), conversation.messages.end());
    marked[index] = {"assistant", mark(index)};
    const std::string rendered = render_with(marked, false, conversation.tools);
    if (const auto sides = around(rendered, mark(index))) {
      const auto& [before, behind] = *sides;
      if (text.starts_with(before)) begin = before.size();
      if (text.ends_with(behind)) end = text.size() - behind.size();
    }
    if (begin != unknown && end != unknown && begin > end) begin = end = unknown;
  } catch (const TemplateError&) {
    // It may refuse the conversation with a plain answer in the place of a call.
  }
  begin = begin_of_answer(conversation, index, begin);
  if (end != unknown) end = end_of_turn(text, end);
  if (end == unknown && index + 1 == conversation.messages.size()) end = text.size();
  if (end == unknown) {
    try {
      const std::string until =
          render_with(conversation.messages.first(index + 1), false, conversation.tools);
      if (text.starts_with(until)) end = until.size();
    } catch (const TemplateError&) {
    }
  }
  if (begin == unknown || end == unknown || begin >= end) {
    const auto& answers = conversation.answers;
    const auto ordinal = std::find(answers.begin(), answers.end(), index) - answers.begin() + 1;
    throw RowError(fmt::format(
        "it cannot be told where answer {} stands in what the chat template makes of the "
        "conversation",
        ordinal));
  }
  return {begin, end};
}

}  // namespace quern::models
