#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "app/cli/arguments.h"
#include "app/cli/interrupt.h"
#include "app/cli/verb.h"
#include "models/error.h"
#include "models/evaluate/evaluate.h"

namespace quern::cli {

namespace {

struct Eval {
  std::string model;
  std::vector<std::string> adapters;
  std::string data;
  std::string against;
  int64_t max_tokens = -1;
  bool exact = false;
  models::EvaluationOptions options;

  int run(Output& output) const;

 private:
  std::vector<int32_t> read_tokens(const models::LanguageModel& language_model,
                                   const models::LanguageModel* reference) const;
};

/// Of the model and the reference, which must agree on them.
std::vector<int32_t> Eval::read_tokens(const models::LanguageModel& language_model,
                                       const models::LanguageModel* reference) const {
  const std::string text = read_text(data);
  std::vector<int32_t> tokens = language_model.tokenizer().encode(text);
  if (reference && reference->has_tokenizer() && reference->tokenizer().encode(text) != tokens) {
    throw models::ModelError(
        fmt::format("[evaluate] {} and {} split the text into different tokens", model, against),
        "Only models with the same tokenizer can be compared token by token.");
  }
  if (max_tokens >= 0) tokens.resize(std::min(tokens.size(), size_t(max_tokens)));
  return tokens;
}

std::string quoted(const models::Tokenizer& tokenizer, std::span<const int32_t> ids) {
  return nlohmann::json(tokenizer.decode(ids, false))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void print(const models::Evaluation& result, const models::Tokenizer& tokenizer,
           std::span<const int32_t> tokens, Output& output) {
  output.text(fmt::format("perplexity  {:.4f} +- {:.4f}  ({} tokens)\n", result.perplexity,
                          result.standard_error, result.tokens));
  if (!result.divergence) return;
  const models::Divergence& divergence = *result.divergence;
  output.text(fmt::format("mean KL     {:.6f} +- {:.6f} nats\n", divergence.mean_kl,
                          divergence.standard_error));
  output.text(fmt::format("top-1       {:.2f} % the same\n", 100 * divergence.top1_agreement));
  if (divergence.worst.empty()) return;
  output.text("\nfarthest off:\n");
  for (const models::DivergentToken& token : divergence.worst) {
    constexpr int64_t context = 8;  // tokens shown before
    const auto begin = size_t(std::max<int64_t>(0, token.position - context));
    output.text(fmt::format(
        "{:>9}  KL {:.4f}  after {}: {} instead of {}\n", token.position, token.divergence,
        quoted(tokenizer, tokens.subspan(begin, size_t(token.position) - begin)),
        quoted(tokenizer, std::span(&token.best, 1)),
        quoted(tokenizer, std::span(&token.reference_best, 1))));
  }
}

nlohmann::ordered_json to_json(const models::Evaluation& result,
                               const models::Tokenizer& tokenizer) {
  nlohmann::ordered_json out = {{"perplexity", result.perplexity},
                                {"stderr", result.standard_error},
                                {"tokens", result.tokens}};
  if (!result.divergence) return out;
  out["kl"] = result.divergence->mean_kl;
  out["kl_stderr"] = result.divergence->standard_error;
  out["top1"] = result.divergence->top1_agreement;
  out["worst"] = nlohmann::ordered_json::array();
  for (const models::DivergentToken& token : result.divergence->worst) {
    out["worst"].push_back(
        {{"position", token.position},
         {"kl", token.divergence},
         {"token", tokenizer.decode(std::span(&token.token, 1), false)},
         {"best", tokenizer.decode(std::span(&token.best, 1), false)},
         {"reference_best", tokenizer.decode(std::span(&token.reference_best, 1), false)}});
  }
  return out;
}

int Eval::run(Output& output) const {
  Interrupt interrupt;
  const auto language_model = load_model(model, exact, adapters);
  const auto reference = against.empty() ? nullptr : load_model(against, exact);
  const std::vector<int32_t> tokens = read_tokens(*language_model, reference.get());
  models::EvaluationOptions with_progress = options;
  with_progress.context_length =
      std::min(options.context_length, language_model->config().max_position_embeddings);
  with_progress.on_progress = [&](int64_t done_tokens, int64_t total, double perplexity) {
    output.progress(
        fmt::format("{} of {} tokens, perplexity {:.3f}", done_tokens, total, perplexity));
  };
  const models::Evaluation result =
      models::evaluate(*language_model, reference.get(), tokens, with_progress, interrupt.token());
  output.end_progress();
  if (output.json()) {
    output.object(to_json(result, language_model->tokenizer()));
  } else {
    print(result, language_model->tokenizer(), tokens, output);
  }
  return result.cancelled ? interrupted : done;
}

}  // namespace

Action add_eval(CLI::App& command) {
  const auto verb = std::make_shared<Eval>();
  add_model(command, verb->model);
  command.add_option("--data", verb->data, "The text to predict; - reads standard input")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--against", verb->against,
                  "A reference: how far the model's predictions are from its own")
      ->type_name("MODEL2");
  command.add_option("--context", verb->options.context_length, "Tokens that are read at a time")
      ->check(CLI::Range(2, 1 << 20))
      ->capture_default_str();
  command.add_option("--max-tokens", verb->max_tokens, "Use so many tokens of the text")
      ->check(CLI::PositiveNumber);
  command.add_option("--worst", verb->options.worst_tokens, "Tokens farthest off to show")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  add_adapters(command, verb->adapters);
  add_exact(command, verb->exact);
  return [verb](Output& output) { return verb->run(output); };
}

}  // namespace quern::cli
