#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "app/cli/answer.h"
#include "app/cli/arguments.h"
#include "app/cli/interrupt.h"
#include "app/cli/verb.h"
#include "models/error.h"
#include "models/generate/chat_prompt.h"
#include "models/generate/generator.h"
#include "models/generate/structured/grammar.h"

namespace quern::cli {

namespace {

struct Generate {
  Generate() {
    request.sampling.temperature = 0;
    request.max_tokens = 256;
  }

  std::string model;
  std::vector<std::string> adapters;
  std::string prompt;
  std::string system;
  bool raw = false;
  bool exact = false;
  std::string prompt_cache;
  std::string json_schema, regex;
  std::string tools;
  RunOptions options;
  models::GenerationRequest request;

  int run(Output& output) const;

 private:
  models::ChatPrompt encoded(const models::LanguageModel& language_model) const;
  std::optional<models::AnswerParser> parser(models::GenerationRequest& to,
                                             const models::LanguageModel& language_model) const;
  void constrain(models::GenerationRequest& to, const models::LanguageModel& language_model) const;
};

models::ChatPrompt Generate::encoded(const models::LanguageModel& language_model) const {
  if (!request.prompt.empty()) return {request.prompt, {}};
  const std::string text = prompt == "-" ? read_text("-") : prompt;
  if (raw || !language_model.has_chat_template()) {
    return {models::encode_text(language_model.tokenizer(), text), {}};
  }
  std::vector<models::ChatMessage> messages;
  if (!system.empty()) messages.push_back({"system", system});
  messages.push_back({"user", text});
  nlohmann::ordered_json variables = nlohmann::ordered_json::object();
  if (!tools.empty()) variables["tools"] = read_json(tools);
  return models::encode_chat_with_boundaries(language_model, messages, variables);
}

/// For answers of a chat template that has thinking or tool calls.
std::optional<models::AnswerParser> Generate::parser(
    models::GenerationRequest& to, const models::LanguageModel& language_model) const {
  if (raw || prompt.empty() || !language_model.has_chat_template()) return std::nullopt;
  const models::Tokenizer& tokenizer = language_model.tokenizer();
  const models::AnswerFormat format = models::sniff_answer_format(tokenizer.chat_template());
  if (!format.reasoning && tools.empty()) return std::nullopt;
  to.rendered_tokens = models::marker_tokens(format, tokenizer);
  models::AnswerParser::Options options;
  options.begins_in_reasoning = models::opens_reasoning(format, tokenizer.decode(to.prompt, false));
  if (!tools.empty()) options.tools = models::ToolSchemas(read_json(tools));
  return models::AnswerParser(format, std::move(options));
}

void Generate::constrain(models::GenerationRequest& to,
                         const models::LanguageModel& language_model) const {
  if (json_schema.empty() && regex.empty()) return;
  const auto vocabulary = std::make_shared<const models::TokenTrie>(
      language_model.tokenizer(), language_model.config().vocab_size,
      language_model.eos_token_ids());
  const auto grammar = regex.empty()
                           ? models::Grammar::from_json_schema(read_json(json_schema), vocabulary)
                           : models::Grammar::from_regex(regex, vocabulary);
  to.constraint = models::constraints_of(grammar);
}

int Generate::run(Output& output) const {
  if (request.log_probabilities && !output.json()) {
    throw models::ModelError("log-probabilities are shown with --json alone", "Add --json.");
  }
  Interrupt interrupt;
  const auto language_model = load_model(model, exact, adapters);
  models::GenerationRequest complete = request;
  models::ChatPrompt whole = encoded(*language_model);
  complete.prompt = std::move(whole.tokens);
  complete.boundaries = std::move(whole.boundaries);
  constrain(complete, *language_model);
  models::Generator generator(language_model, options.read(exact));
  if (!prompt_cache.empty() && std::filesystem::exists(prompt_cache)) generator.load(prompt_cache);
  const int prompt_tokens = int(complete.prompt.size());
  std::optional<models::AnswerParser> answer_parser = parser(complete, *language_model);
  const Answer answer = print_answer(generator, std::move(complete), output, interrupt.token(),
                                     answer_parser ? &*answer_parser : nullptr);
  if (!prompt_cache.empty()) generator.save(prompt_cache, prompt_tokens);
  output.text("\n");
  fmt::print(stderr, "{}\n", describe(answer.statistics));
  return answer.statistics.finish_reason == models::FinishReason::cancelled ? interrupted : done;
}

}  // namespace

Action add_generate(CLI::App& command) {
  const auto verb = std::make_shared<Generate>();
  add_model(command, verb->model);
  CLI::Option_group* source = command.add_option_group("Prompt");
  CLI::Option* prompt =
      source->add_option("--prompt", verb->prompt, "What to answer; - reads standard input");
  add_ids(*source, "--tokens", verb->request.prompt, "Token ids to continue, as they are");
  source->require_option(1);
  command.add_flag("--raw", verb->raw, "Continue the prompt as it is, without the chat template")
      ->needs(prompt);
  command.add_option("--system", verb->system, "Instructions that come before the prompt")
      ->needs(prompt);
  add_generation(command, verb->request);
  command
      .add_option("--tools", verb->tools,
                  "Functions that the model may ask to be called: a file with a JSON list of them; "
                  "with --json the end of the output says which it called")
      ->needs(prompt)
      ->type_name("FILE");
  CLI::Option* schema = command
                            .add_option("--json-schema", verb->json_schema,
                                        "Answer with JSON that meets this schema: a file, or the "
                                        "schema itself")
                            ->type_name("FILE|JSON");
  command.add_option("--regex", verb->regex, "Answer with a text that matches this as a whole")
      ->type_name("PATTERN")
      ->excludes(schema);
  command.add_option("--logprobs", verb->request.log_probabilities,
                     "With --json: the log-probability of each token, and of so many of the most "
                     "likely ones");
  command
      .add_option("--prompt-cache", verb->prompt_cache,
                  "Where to keep what the model remembers of the prompt; what is there is not read "
                  "again")
      ->type_name("FILE");
  add_run_options(command, verb->options);
  add_adapters(command, verb->adapters);
  add_exact(command, verb->exact);
  return [verb](Output& output) { return verb->run(output); };
}

}  // namespace quern::cli
