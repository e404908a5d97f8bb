#include <fmt/format.h>

#include <memory>

#include "app/cli/answer.h"
#include "app/cli/arguments.h"
#include "app/cli/interrupt.h"
#include "app/cli/verb.h"
#include "models/generate/chat_prompt.h"
#include "models/generate/generator.h"

namespace quern::cli {

namespace {

struct Generate {
  Generate() {
    request.sampling.temperature = 0;
    request.max_tokens = 256;
  }

  std::string model;
  std::string prompt;
  std::string system;
  bool raw = false;
  bool exact = false;
  models::GenerationRequest request;

  int run(Output& output) const;

 private:
  std::vector<int32_t> prompt_ids(const models::LanguageModel& language_model) const;
};

std::vector<int32_t> Generate::prompt_ids(const models::LanguageModel& language_model) const {
  if (!request.prompt.empty()) return request.prompt;
  const std::string text = prompt == "-" ? read_text("-") : prompt;
  if (raw || !language_model.has_chat_template()) {
    return models::encode_text(language_model.tokenizer(), text);
  }
  std::vector<models::ChatMessage> messages;
  if (!system.empty()) messages.push_back({"system", system});
  messages.push_back({"user", text});
  return models::encode_chat(language_model, messages);
}

int Generate::run(Output& output) const {
  Interrupt interrupt;
  const auto language_model = load_model(model, exact);
  models::GenerationRequest complete = request;
  complete.prompt = prompt_ids(*language_model);
  models::Generator generator(language_model);
  const Answer answer = print_answer(generator, std::move(complete), output, interrupt.token());
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
  add_exact(command, verb->exact);
  return [verb](Output& output) { return verb->run(output); };
}

}  // namespace quern::cli
