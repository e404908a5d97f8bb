#include "app/cli/answer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace quern::cli {

namespace {

using Json = nlohmann::ordered_json;

Json to_json(const models::GenerationStatistics& s) {
  Json done = {
      {"prompt_tokens", s.prompt_tokens}, {"generation_tokens", s.generation_tokens},
      {"prompt_tps", s.prompt_tps},       {"generation_tps", s.generation_tps},
      {"peak_memory", s.peak_memory},     {"finish_reason", models::to_string(s.finish_reason)}};
  if (s.cached_tokens > 0) done["cached_tokens"] = s.cached_tokens;
  if (s.drafted_tokens > 0) {
    done["drafted_tokens"] = s.drafted_tokens;
    done["accepted_tokens"] = s.accepted_tokens;
  }
  return {{"done", std::move(done)}};
}

Json to_json(const models::GeneratedToken& token) {
  Json json = {{"token", token.id}, {"text", token.text}};
  if (!token.log_probability) return json;
  json["logprob"] = token.log_probability->chosen;
  json["top"] = Json::array();
  for (const auto& [id, value] : token.log_probability->best)
    json["top"].push_back({{"token", id}, {"logprob", value}});
  return json;
}

/// What the parts of an answer are.
Json to_json(const std::vector<models::AnswerEvent>& events) {
  using Kind = models::AnswerEvent::Kind;
  std::string content, reasoning;
  Json calls = Json::array(), malformed = Json::array();
  for (const models::AnswerEvent& event : events) {
    switch (event.kind) {
      case Kind::content:
        content += event.text;
        break;
      case Kind::reasoning:
        reasoning += event.text;
        break;
      case Kind::tool_call: {
        Json call = {{"name", event.call.name}, {"arguments", event.call.arguments}};
        if (event.call.id) call["id"] = *event.call.id;
        calls.push_back(std::move(call));
        break;
      }
      case Kind::malformed_call:
        malformed.push_back({{"text", event.text}, {"error", event.error}});
        break;
    }
  }
  Json out = {{"content", content}};
  if (!reasoning.empty()) out["reasoning"] = reasoning;
  if (!calls.empty()) out["tool_calls"] = std::move(calls);
  if (!malformed.empty()) out["malformed_calls"] = std::move(malformed);
  return out;
}

}  // namespace

Answer print_answer(models::Generator& generator, models::GenerationRequest request, Output& output,
                    const std::stop_token& cancel, models::AnswerParser* parser) {
  Answer answer;
  request.on_prefill = [&](int done, int total) {
    if (done < total) {
      output.progress(fmt::format("Reading the prompt: {} of {} tokens", done, total));
    } else {
      output.end_progress();
    }
  };
  answer.statistics = generator.generate(
      request,
      [&](const models::GeneratedToken& token) {
        answer.text += token.text;
        if (output.json()) {
          output.object(to_json(token));
        } else {
          output.text(token.text);
        }
      },
      cancel);
  output.end_progress();
  if (!output.json()) return answer;
  Json done = to_json(answer.statistics);
  if (parser) {
    std::vector<models::AnswerEvent> events = parser->add(answer.text);
    for (models::AnswerEvent& event : parser->finish()) events.push_back(std::move(event));
    done["done"].update(to_json(events));
  }
  output.object(done);
  return answer;
}

std::string describe(const models::GenerationStatistics& s) {
  const std::string kept =
      s.cached_tokens > 0 ? fmt::format(" ({} of them kept)", s.cached_tokens) : std::string();
  const std::string guessed =
      s.drafted_tokens > 0
          ? fmt::format(" ({} of {} guesses right)", s.accepted_tokens, s.drafted_tokens)
          : std::string();
  return fmt::format("{} prompt tokens{}, {:.1f} tokens/s; {} tokens{}, {:.1f} tokens/s; {:.1f} MB",
                     s.prompt_tokens, kept, s.prompt_tps, s.generation_tokens, guessed,
                     s.generation_tps, double(s.peak_memory) / 1e6);
}

}  // namespace quern::cli
