#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "app/cli/output.h"

namespace quern::cli {

/// Exit codes of the program.
enum ExitCode { done = 0, failed = 1, usage = 2, interrupted = 130 };

/// What a verb does once its arguments are read. Returns an exit code; throws what went wrong.
using Action = std::function<int(Output& output)>;

/// One thing that the program can do: `quern-cli NAME ...`.
struct Verb {
  const char* name;
  const char* description;
  /// What happened when it throws, as the beginning of an error message.
  const char* failure;
  /// Adds the verb's arguments to its command; the action reads them when it runs.
  Action (*add)(CLI::App& command);
};

Action add_info(CLI::App& command);
Action add_logits(CLI::App& command);
Action add_formats(CLI::App& command);
Action add_generate(CLI::App& command);
Action add_chat(CLI::App& command);
Action add_tokenize(CLI::App& command);
Action add_render(CLI::App& command);
Action add_convert(CLI::App& command);
Action add_fuse(CLI::App& command);
Action add_eval(CLI::App& command);
Action add_train(CLI::App& command);
Action add_train_tokenizer(CLI::App& command);
Action add_bench(CLI::App& command);
Action add_devices(CLI::App& command);

}  // namespace quern::cli
