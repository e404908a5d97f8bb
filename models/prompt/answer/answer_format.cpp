#include "models/prompt/answer/answer_format.h"

#include <algorithm>
#include <initializer_list>

#include "models/prompt/answer/literal_reader.h"

namespace quern::models {
namespace {

using Kind = CallFormat::Kind;

/// A format and what a chat template must hold to mean it: each of these texts.
struct CallRow {
  std::vector<std::string_view> signs;
  CallFormat format;
};

/// The first that fits counts.
const std::vector<CallRow>& call_rows() {
  static const std::vector<CallRow> rows = {
      {{"<minimax:tool_call>"},
       {"minimax_m2", Kind::marked, "<minimax:tool_call>", "</minimax:tool_call>",
        read_invoke_tags}},
      {{"<|tool_call>", "<tool_call|>"},
       {"gemma4", Kind::marked, "<|tool_call>", "<tool_call|>", read_gemma4, {"<|\"|>"}}},
      {{"<start_function_call>"},
       {"function_gemma",
        Kind::marked,
        "<start_function_call>",
        "<end_function_call>",
        read_function_gemma,
        {"<escape>"}}},
      {{"<longcat_tool_call>"},
       {"longcat",
        Kind::marked,
        "<longcat_tool_call>",
        "</longcat_tool_call>",
        read_longcat,
        {"<longcat_arg_key>", "</longcat_arg_key>", "<longcat_arg_value>",
         "</longcat_arg_value>"}}},
      {{"<arg_key>"},
       {"glm47",
        Kind::marked,
        "<tool_call>",
        "</tool_call>",
        read_argument_tags,
        {"<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"}}},
      {{"<|tool_list_start|>"},
       {"pythonic", Kind::marked, "<|tool_call_start|>", "<|tool_call_end|>", read_pythonic}},
      {{"<tool_call>\n<function="},
       {"qwen3_coder", Kind::marked, "<tool_call>", "</tool_call>", read_function_tags}},
      {{"<tool_call>\\n<function="},
       {"qwen3_coder", Kind::marked, "<tool_call>", "</tool_call>", read_function_tags}},
      {{"<|tool_calls_section_begin|>"},
       {"kimi_k2",
        Kind::marked,
        "<|tool_calls_section_begin|>",
        "<|tool_calls_section_end|>",
        read_kimi,
        {"<|tool_call_begin|>", "<|tool_call_argument_begin|>", "<|tool_call_end|>"}}},
      {{"[TOOL_CALLS]"},
       {"mistral", Kind::marked, "[TOOL_CALLS]", "", read_mistral, {"[ARGS]", "[CALL_ID]"}}},
      {{"<tool_call>", "tool_call.name"},
       {"json_tools", Kind::marked, "<tool_call>", "</tool_call>", read_json_calls}},
      {{"<｜tool▁calls▁begin｜>"},
       {"deepseek",
        Kind::marked,
        "<｜tool▁calls▁begin｜>",
        "<｜tool▁calls▁end｜>",
        read_deepseek,
        {"<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>"}}},
      {{"<|channel|>", "<|message|>"},
       {"harmony",
        Kind::harmony,
        "<|channel|>",
        "<|message|>",
        read_json_calls,
        {"<|start|>", "<|end|>", "<|call|>", "<|return|>", "<|constrain|>"}}},
      {{"ipython", "\"parameters\""},
       {"llama3_json", Kind::bare_json, "<|python_tag|>", "", read_json_calls}},
      {{"<|python_tag|>"}, {"llama3_json", Kind::bare_json, "<|python_tag|>", "", read_json_calls}},
  };
  return rows;
}

struct ReasoningRow {
  std::string_view sign;
  ReasoningFormat format;
};

constexpr ReasoningRow reasoning_rows[] = {
    {"<longcat_think>", {"<longcat_think>", "</longcat_think>"}},
    {"<|channel>", {"<|channel>thought\n", "<channel|>"}},
    {"[THINK]", {"[THINK]", "[/THINK]"}},
    {"</think>", {"<think>", "</think>"}},
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

AnswerFormat sniff_answer_format(std::string_view chat_template) {
  AnswerFormat out;
  for (const CallRow& row : call_rows()) {
    if (std::all_of(row.signs.begin(), row.signs.end(),
                    [&](std::string_view sign) { return contains(chat_template, sign); })) {
      out.calls = &row.format;
      break;
    }
  }
  for (const ReasoningRow& row : reasoning_rows) {
    if (contains(chat_template, row.sign)) {
      out.reasoning = &row.format;
      break;
    }
  }
  return out;
}

const CallFormat* find_call_format(std::string_view name) {
  for (const CallRow& row : call_rows()) {
    if (row.format.name == name) return &row.format;
  }
  return nullptr;
}

bool opens_reasoning(const AnswerFormat& format, std::string_view prompt) {
  return format.reasoning && trimmed(prompt).ends_with(trimmed(format.reasoning->begin));
}

std::vector<int32_t> marker_tokens(const AnswerFormat& format, const Tokenizer& tokenizer) {
  std::vector<std::string_view> markers;
  if (format.calls) {
    markers = format.calls->inner;
    markers.push_back(format.calls->begin);
    markers.push_back(format.calls->end);
  }
  if (format.reasoning) {
    markers.push_back(format.reasoning->begin);
    markers.push_back(format.reasoning->end);
  }
  std::vector<int32_t> ids;
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (!tokenizer.is_special(id)) continue;
    const std::string_view text = tokenizer.id_to_token(id);
    // A marker may be more than one token: <|channel>thought begins with one.
    const bool is_marker = std::any_of(markers.begin(), markers.end(), [&](auto marker) {
      return !text.empty() && contains(marker, text);
    });
    if (is_marker) ids.push_back(id);
  }
  return ids;
}

}  // namespace quern::models
