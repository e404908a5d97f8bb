#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/interrupt.h"
#include "app/cli/verb.h"
#include "models/error.h"
#include "models/generate/generator.h"

namespace quern::cli {

namespace {

struct Bench {
  std::string model;
  int prompt_tokens = 512;
  int answer_tokens = 128;
  int repetitions = 3;
  int threads = 0;  ///< 0: as many as there are cores
  std::string device = "cpu";
  bool exact = false;

  int run(Output& output) const;

 private:
  models::GenerationRequest request(const models::LanguageModel& language_model) const;
};

/// Tokens from all over the vocabulary, the same each time.
models::GenerationRequest Bench::request(const models::LanguageModel& language_model) const {
  const int context = models::context_length(language_model);
  if (int64_t(prompt_tokens) + answer_tokens >= context) {
    throw models::ModelError(
        fmt::format("[bench] {} and {} tokens, but the model's context has {} positions",
                    prompt_tokens, answer_tokens, context),
        "Ask for fewer with -p and -n.");
  }
  models::GenerationRequest request;
  constexpr uint64_t stride = 7919;  // a prime: no short period
  const auto vocabulary = uint64_t(language_model.config().vocab_size);
  for (int i = 0; i < prompt_tokens; ++i)
    request.prompt.push_back(int32_t((uint64_t(i) + 1) * stride % vocabulary));
  request.sampling.temperature = 0;
  request.max_tokens = answer_tokens + 1;  // the first one ends the reading
  request.stop_at_eos = false;
  return request;
}

/// What is told of a repetition, or of all of them.
struct Figures {
  double prefill_tps, decode_tps;
  size_t peak_memory;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

template <typename Value>
double median_of(const std::vector<Figures>& all, Value Figures::*member) {
  std::vector<double> values(all.size());
  std::transform(all.begin(), all.end(), values.begin(),
                 [&](const Figures& one) { return double(one.*member); });
  return median(std::move(values));
}

void show(const Figures& figures, bool is_summary, Output& output) {
  if (output.json()) {
    const nlohmann::ordered_json object = {{"prefill_tps", figures.prefill_tps},
                                           {"decode_tps", figures.decode_tps},
                                           {"peak_memory", figures.peak_memory}};
    output.object(is_summary ? nlohmann::ordered_json{{"summary", object}} : object);
    return;
  }
  output.text(
      fmt::format("{:<8}prompt {:9.1f} tokens/s   answer {:8.2f} tokens/s   peak {:7.1f} MB\n",
                  is_summary ? "median" : "", figures.prefill_tps, figures.decode_tps,
                  double(figures.peak_memory) / 1e6));
}

int Bench::run(Output& output) const {
  if (device != "cpu")
    throw models::ModelError(fmt::format("[bench] nothing here computes on a {}", device),
                             "Leave --device out.");
  // Read when the first of them is needed.
  if (threads > 0) setenv("QUERN_NUM_THREADS", std::to_string(threads).c_str(), 1);
  Interrupt interrupt;
  const auto language_model = load_model(model, exact);
  const models::GenerationRequest complete = request(*language_model);
  models::Generator generator(language_model);
  const auto measured = [&](const models::GenerationRequest& what) {
    generator.clear();
    return generator.generate(
        what, [](const auto&) {}, interrupt.token());
  };

  models::GenerationRequest warm_up = complete;
  warm_up.max_tokens = 2;
  measured(warm_up);
  std::vector<Figures> all;
  all.reserve(size_t(repetitions));
  for (int i = 0; i < repetitions; ++i) {
    const models::GenerationStatistics one = measured(complete);
    if (interrupt.requested()) return interrupted;
    all.push_back({one.prompt_tps, one.generation_tps, one.peak_memory});
    show(all.back(), false, output);
  }
  show({median_of(all, &Figures::prefill_tps), median_of(all, &Figures::decode_tps),
        size_t(median_of(all, &Figures::peak_memory))},
       true, output);
  return done;
}

}  // namespace

Action add_bench(CLI::App& command) {
  const auto verb = std::make_shared<Bench>();
  add_model(command, verb->model);
  const auto count = [&](const char* flags, int& value, const char* description) {
    command.add_option(flags, value, description)
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
  };
  count("-p,--prompt-tokens", verb->prompt_tokens, "Tokens to read");
  count("-n,--answer-tokens", verb->answer_tokens, "Tokens to write after the first");
  count("-r,--repetitions", verb->repetitions, "How often");
  command.add_option("--threads", verb->threads, "Threads to compute with (default: one per core)")
      ->check(CLI::Range(1, 1024));
  command.add_option("--device", verb->device, "What computes")
      ->check(CLI::IsMember({"cpu", "gpu"}))
      ->capture_default_str();
  add_exact(command, verb->exact);
  return [verb](Output& output) { return verb->run(output); };
}

}  // namespace quern::cli
