#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/prompt/answer/answer_format.h"
#include "models/prompt/answer/tool_call.h"

namespace quern::models {

/// Takes an answer's text apart as it comes: what is for the reader, what is thinking, and the tool
/// calls. Text that may turn out to belong to a marker is held back until that is clear.
///
/// However the text is cut into pieces, the events are the same once neighbouring ones of content
/// or of reasoning are joined. Markers are left out, and the white space between them and the text
/// beside them. Nothing else is lost: a call that cannot be read becomes a malformed_call. For one
/// thread.
class AnswerParser {
 public:
  struct Options {
    /// The prompt has opened the thinking: see opens_reasoning.
    bool begins_in_reasoning = false;
    /// What the model was offered. Without any, bare JSON is content.
    ToolSchemas tools = {};
  };

  AnswerParser(const AnswerFormat& format, Options options);
  ~AnswerParser();
  AnswerParser(AnswerParser&&) noexcept;
  AnswerParser& operator=(AnswerParser&&) noexcept;

  /// The events that a piece of text, any bytes, completes.
  std::vector<AnswerEvent> add(std::string_view piece);

  /// The end of the answer: what was held back. Nothing may be added after it.
  std::vector<AnswerEvent> finish();

  class Stream;

 private:
  std::unique_ptr<Stream> stream_;
};

}  // namespace quern::models
