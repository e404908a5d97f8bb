#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "models/prompt/answer/call_readers.h"
#include "models/tokenizer/tokenizer.h"

namespace quern::models {

/// How a family of models writes tool calls.
struct CallFormat {
  enum class Kind {
    marked,     ///< between two markers
    bare_json,  ///< the whole answer is JSON, with or without the first marker
    harmony,    ///< every message has a header that says what it is
  };

  std::string_view name;
  Kind kind;
  std::string_view begin;
  std::string_view end;  ///< empty: the answer's end
  CallReader read;
  /// Further markers that a tokenizer may have as special tokens.
  std::vector<std::string_view> inner = {};
};

/// How a family of models sets its thinking apart.
struct ReasoningFormat {
  std::string_view begin;
  std::string_view end;
};

/// What the answers to a chat template look like. Null where it gives no sign of calls or thinking.
struct AnswerFormat {
  const CallFormat* calls = nullptr;
  const ReasoningFormat* reasoning = nullptr;
};

/// Finds the format by what the Jinja source has in it.
AnswerFormat sniff_answer_format(std::string_view chat_template);

/// By its name: minimax_m2, gemma4, function_gemma, longcat, glm47, pythonic, qwen3_coder, kimi_k2,
/// mistral, json_tools, deepseek, harmony or llama3_json. Null for any other.
const CallFormat* find_call_format(std::string_view name);

/// Whether a rendered prompt ends within thinking that it has opened, so that the answer begins
/// there.
bool opens_reasoning(const AnswerFormat& format, std::string_view prompt);

/// The special tokens that are markers of the format: a detokenizer must render them, or an
/// AnswerParser will not see them.
std::vector<int32_t> marker_tokens(const AnswerFormat& format, const Tokenizer& tokenizer);

}  // namespace quern::models
