#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

#include "app/cli/verb.h"

namespace quern::cli {
namespace {

constexpr Verb verbs[] = {
    {"info", "Describe a model: family, parameters, bits per weight, memory to run it",
     "the model could not be described", add_info},
    {"logits", "Write the logits of every position of some tokens to a safetensors file",
     "the logits could not be computed", add_logits},
    {"generate", "Continue a prompt, or answer it", "the text could not be generated",
     add_generate},
    {"chat", "Hold a conversation in the terminal", "the conversation ended", add_chat},
    {"tokenize", "Turn text into token ids, or ids into text", "the text could not be tokenized",
     add_tokenize},
    {"render", "Render a chat template", "the template could not be rendered", add_render},
    {"convert", "Quantize a model, or write it in another format", "the model was not converted",
     add_convert},
    {"fuse", "Merge adapters into a model", "the model could not be merged", add_fuse},
    {"eval", "Measure perplexity on a text, and divergence from a reference model",
     "the model could not be evaluated", add_eval},
    {"train-tokenizer", "Learn a byte-level vocabulary from text", "the tokenizer was not trained",
     add_train_tokenizer},
    {"train", "Fine-tune a model on examples, or train one from scratch",
     "the model was not trained", add_train},
    {"formats", "List the model families and file formats that can be used",
     "the formats could not be listed", add_formats},
    {"bench", "Measure how fast a model reads and writes here", "the model could not be measured",
     add_bench},
    {"devices", "Say what can compute here", "the devices could not be listed", add_devices},
};

/// A wrong call is reported before its flags are known.
bool asks_for_json(int argc, char** argv) {
  return std::any_of(argv, argv + argc,
                     [](const char* argument) { return std::string_view(argument) == "--json"; });
}

int report_usage(const CLI::App& program, const CLI::ParseError& error, bool json) {
  if (error.get_exit_code() == int(CLI::ExitCodes::Success)) {
    return program.exit(error) == 0 ? done : failed;  // --help
  }
  const auto chosen = program.get_subcommands();
  std::cerr << "quern-cli: " << error.what() << "\n\n"
            << (chosen.empty() ? &program : chosen.front())->help();
  if (json) Output(true).error("the command was not understood", error);
  return usage;
}

int run(int argc, char** argv) {
  CLI::App program("Local language models, from the command line.", "quern-cli");
  program.require_subcommand(1);
  bool json = false;
  const Verb* chosen = nullptr;
  Action action;
  for (const Verb& verb : verbs) {
    CLI::App* command = program.add_subcommand(verb.name, verb.description);
    command->add_flag("--json", json, "Print one JSON object per line and nothing else");
    const Action prepared = verb.add(*command);
    command->callback([&chosen, &action, &verb, prepared] {
      chosen = &verb;
      action = prepared;
    });
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report_usage(program, error, asks_for_json(argc, argv));
  }
  Output output(json);
  try {
    return action(output);
  } catch (const std::exception& error) {
    output.error(chosen->failure, error);
    return failed;
  }
}

}  // namespace
}  // namespace quern::cli

int main(int argc, char** argv) { return quern::cli::run(argc, argv); }
