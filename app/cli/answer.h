#pragma once

#include <stop_token>

#include "app/cli/output.h"
#include "models/generate/generator.h"
#include "models/prompt/answer/answer_parser.h"

namespace quern::cli {

/// Runs a request and prints the answer as it comes: its text, or with --json a line
/// {"token":id,"text":..} per token and {"done":{..}} at the end, which says also, when there is a
/// parser, what of the text is content, reasoning and tool calls. The prompt's progress goes to
/// standard error.
struct Answer {
  std::string text;
  models::GenerationStatistics statistics;
};
Answer print_answer(models::Generator& generator, models::GenerationRequest request, Output& output,
                    const std::stop_token& cancel, models::AnswerParser* parser = nullptr);

/// "12 prompt tokens (4 kept), 340 tokens/s; 100 tokens, 25.3 tokens/s; ..." for people.
std::string describe(const models::GenerationStatistics& statistics);

}  // namespace quern::cli
