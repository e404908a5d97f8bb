#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "app/cli/answer.h"
#include "app/cli/arguments.h"
#include "app/cli/interrupt.h"
#include "app/cli/verb.h"
#include "models/generate/chat_prompt.h"
#include "models/generate/generator.h"

namespace quern::cli {

namespace {

using models::ChatMessage;

constexpr const char* help_text =
    "/new            start a new conversation\n"
    "/system TEXT    set the instructions that come before the conversation; without TEXT: none\n"
    "/regenerate     answer the last message again\n"
    "/help           show this\n"
    "/quit           leave, as Ctrl-D does\n"
    "Ctrl-C stops an answer.\n";

struct Chat {
  Chat() { request.sampling.temperature = 0.7f; }

  std::string model;
  std::vector<std::string> adapters;
  std::string system;
  bool exact = false;
  RunOptions options;
  models::GenerationRequest request;

  int run(Output& output) const;
};

/// The conversation: messages so far, and the generator that still knows most of them.
class Conversation {
 public:
  Conversation(const Chat& chat, Output& output)
      : request_(chat.request),
        system_(chat.system),
        output_(output),
        generator_(load_model(chat.model, chat.exact, chat.adapters),
                   chat.options.read(chat.exact)) {
    generator_.model().chat_template();  // refuses models that have none
  }

  /// Returns false when the conversation is over.
  bool read(const std::string& line);

 private:
  bool obey(const std::string& command, const std::string& argument);
  void regenerate();
  void answer();
  void note(std::string_view text) { fmt::print(stderr, "{}\n", text); }

  models::GenerationRequest request_;
  std::string system_;
  Output& output_;
  models::Generator generator_;
  Interrupt interrupt_;
  std::vector<ChatMessage> messages_;
};

bool Conversation::read(const std::string& line) {
  const size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string::npos) return true;
  if (line[begin] == '/') {
    const size_t end = std::min(line.find(' ', begin), line.size());
    const size_t argument = std::min(line.find_first_not_of(' ', end), line.size());
    return obey(line.substr(begin, end - begin), line.substr(argument));
  }
  messages_.push_back({"user", line});
  answer();
  return true;
}

bool Conversation::obey(const std::string& command, const std::string& argument) {
  if (command == "/quit") return false;
  if (command == "/help") {
    fmt::print(stderr, "{}", help_text);
  } else if (command == "/new") {
    messages_.clear();
    note("A new conversation.");
  } else if (command == "/system") {
    system_ = argument;
    note(system_.empty() ? "No instructions." : "The instructions hold from the next message on.");
  } else if (command == "/regenerate") {
    regenerate();
  } else {
    note(fmt::format("{} is not a command; /help lists them.", command));
  }
  return true;
}

void Conversation::regenerate() {
  if (!messages_.empty() && messages_.back().role == "assistant") messages_.pop_back();
  if (messages_.empty()) {
    note("There is nothing to answer yet.");
    return;
  }
  // The same seed would only repeat the answer.
  if (request_.sampling.seed) ++*request_.sampling.seed;
  answer();
}

void Conversation::answer() {
  std::vector<ChatMessage> all;
  if (!system_.empty()) all.push_back({"system", system_});
  all.insert(all.end(), messages_.begin(), messages_.end());
  models::ChatPrompt prompt = models::encode_chat_with_boundaries(generator_.model(), all);
  request_.prompt = std::move(prompt.tokens);
  request_.boundaries = std::move(prompt.boundaries);
  interrupt_.reset();
  const Answer answer = print_answer(generator_, request_, output_, interrupt_.token());
  output_.text("\n");
  note(fmt::format("[{}]", describe(answer.statistics)));
  messages_.push_back({"assistant", answer.text});
}

int Chat::run(Output& output) const {
  Conversation conversation(*this, output);
  const bool terminal = isatty(STDIN_FILENO);
  if (terminal) fmt::print(stderr, "Type a message; /help lists commands.\n");
  std::string line;
  do {
    if (terminal) fmt::print(stderr, "> ");
    if (!std::getline(std::cin, line)) break;
  } while (conversation.read(line));
  return done;
}

}  // namespace

Action add_chat(CLI::App& command) {
  const auto verb = std::make_shared<Chat>();
  add_model(command, verb->model);
  command.add_option("--system", verb->system, "Instructions that come before the conversation");
  add_generation(command, verb->request);
  add_run_options(command, verb->options);
  add_adapters(command, verb->adapters);
  add_exact(command, verb->exact);
  return [verb](Output& output) { return verb->run(output); };
}

}  // namespace quern::cli
