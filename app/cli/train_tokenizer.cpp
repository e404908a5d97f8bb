#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "app/cli/arguments.h"
#include "app/cli/interrupt.h"
#include "app/cli/verb.h"
#include "models/tokenizer/train/bpe_trainer.h"
#include "models/tokenizer/train/corpus_reader.h"
#include "models/tokenizer/train/tokenizer_writer.h"

namespace quern::cli {

namespace {

using models::BpeTrainer;
using models::CorpusReader;
using models::TrainedBpe;

struct TrainTokenizer {
  std::vector<std::string> data;
  std::string out;
  std::string chat_template;  ///< a file
  bool force = false;
  models::BpeTrainingOptions options;

  int run(Output& output) const;

 private:
  models::ExistingTokenizer existing() const {
    return force ? models::ExistingTokenizer::replaced : models::ExistingTokenizer::refused;
  }
  /// False when interrupted.
  bool read(BpeTrainer& trainer, const Interrupt& interrupt, Output& output) const;
  void report(const TrainedBpe& trained, Output& output) const;
};

bool TrainTokenizer::read(BpeTrainer& trainer, const Interrupt& interrupt, Output& output) const {
  constexpr uint64_t megabyte = 1'000'000;
  for (const std::string& file : data) {
    CorpusReader reader(file);
    uint64_t shown = 0;
    std::string_view text;
    while (reader.next(text)) {
      if (interrupt.requested()) return false;
      trainer.add_text(text);
      if (reader.bytes_read() < shown + megabyte) continue;
      shown = reader.bytes_read();
      output.progress(reader.size() == 0 ? fmt::format("{}: {} MB", file, shown / megabyte)
                                         : fmt::format("{}: {} of {} MB", file, shown / megabyte,
                                                       reader.size() / megabyte));
    }
  }
  return true;
}

void TrainTokenizer::report(const TrainedBpe& trained, Output& output) const {
  const double bytes_per_token =
      double(trained.training_bytes) / double(std::max<int64_t>(1, trained.training_tokens));
  if (output.json()) {
    output.object({{"path", out},
                   {"vocab_size", trained.tokens.size()},
                   {"merges", trained.merges.size()},
                   {"training_bytes", trained.training_bytes},
                   {"training_tokens", trained.training_tokens},
                   {"bytes_per_token", bytes_per_token}});
    return;
  }
  output.text(fmt::format("{}: {} tokens, {:.2f} bytes of the text in each\n", out,
                          trained.tokens.size(), bytes_per_token));
  if (trained.tokens.size() < size_t(options.vocab_size)) {
    output.text(fmt::format("fewer than the {} asked for: no other pair occurs {} times\n",
                            options.vocab_size, options.min_frequency));
  }
}

int TrainTokenizer::run(Output& output) const {
  Interrupt interrupt;
  models::BpeTrainingOptions complete = options;
  if (!chat_template.empty()) complete.chat_template = read_text(chat_template);
  models::check_tokenizer_folder(out, existing());
  BpeTrainer trainer(complete);
  if (!read(trainer, interrupt, output)) return interrupted;
  const auto trained = trainer.train(
      [&](int tokens, int vocab_size) {
        output.progress(fmt::format("{} of {} tokens", tokens, vocab_size));
      },
      interrupt.token());
  output.end_progress();
  if (!trained) return interrupted;
  models::write_tokenizer(out, *trained, trainer.options(), existing());
  report(*trained, output);
  return done;
}

}  // namespace

Action add_train_tokenizer(CLI::App& command) {
  const auto verb = std::make_shared<TrainTokenizer>();
  models::BpeTrainingOptions& options = verb->options;
  command
      .add_option("--data", verb->data,
                  "Files to learn from: .jsonl, of which every string counts, or text; may be "
                  "repeated")
      ->required()
      ->type_name("FILE...");
  command.add_option("--out", verb->out, "Folder for tokenizer.json and tokenizer_config.json")
      ->required()
      ->type_name("DIR");
  command
      .add_option("--vocab-size", options.vocab_size,
                  "Tokens in all: special ones, 256 bytes and what is learned")
      ->capture_default_str();
  command
      .add_option("--min-frequency", options.min_frequency,
                  "How often two tokens must stand side by side to become one")
      ->capture_default_str();
  const auto add_tokens = [&](const char* flag, std::vector<std::string>& tokens,
                              const char* description) {
    command.add_option(flag, tokens, description)->type_name("TOKEN")->allow_extra_args(false);
  };
  add_tokens("--special", options.special_tokens,
             "A token of its own, left out of text for reading (<|im_end|>); may be repeated");
  add_tokens("--user-defined", options.user_defined_tokens,
             "A token of its own that is part of the text (<think>); may be repeated");
  command
      .add_option("--split", options.split_scheme,
                  "How text falls into words, by the name that GGUF files use: qwen2 keeps digits "
                  "apart, chatglm-bpe takes three together, gpt-2 all")
      ->type_name("NAME")
      ->capture_default_str();
  const auto add_name = [&](const char* flag, std::string& token, const char* description) {
    command.add_option(flag, token, description)->type_name("TOKEN");
  };
  add_name("--bos", options.bos_token, "The token that begins a text; special");
  add_name("--eos", options.eos_token, "The token that ends a text or an answer; special");
  add_name("--pad", options.pad_token, "The token that fills up batches; special");
  add_name("--unk", options.unk_token, "The token for the unknown, which never occurs; special");
  command.add_option("--chat-template", verb->chat_template, "File with a Jinja template")
      ->type_name("FILE");
  command.add_flag("--force", verb->force, "Replace a tokenizer that is in the folder");
  return [verb](Output& output) { return verb->run(output); };
}

}  // namespace quern::cli
