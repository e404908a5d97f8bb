#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/interrupt.h"
#include "app/cli/verb.h"
#include "models/error.h"
#include "models/generate/generator.h"

namespace quern::cli {

namespace {

using models::GenerationStatistics;

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

nlohmann::ordered_json to_json(double prefill, double decode, size_t peak_memory) {
  return {{"prefill_tps", prefill}, {"decode_tps", decode}, {"peak_memory", peak_memory}};
}

std::string describe(double prefill, double decode, size_t peak_memory) {
  return fmt::format("prompt {:9.1f} tokens/s   answer {:8.2f} tokens/s   peak {:7.1f} MB\n",
                     prefill, decode, double(peak_memory) / 1e6);
}

template <typename Value>
Value median(const std::vector<GenerationStatistics>& all, Value GenerationStatistics::*member) {
  std::vector<Value> values;
  for (const GenerationStatistics& one : all) values.push_back(one.*member);
  const auto middle = values.begin() + ptrdiff_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
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
  const auto show = [&](double prefill, double decode, size_t peak_memory, bool is_summary) {
    const auto figures = to_json(prefill, decode, peak_memory);
    output.object(is_summary ? nlohmann::ordered_json{{"summary", figures}} : figures);
    output.text((is_summary ? "median      " : "            ") +
                describe(prefill, decode, peak_memory));
  };

  models::GenerationRequest warm_up = complete;
  warm_up.max_tokens = 2;
  measured(warm_up);
  std::vector<GenerationStatistics> all;
  for (int i = 0; i < repetitions; ++i) {
    const GenerationStatistics one = measured(complete);
    if (interrupt.requested()) return interrupted;
    show(one.prompt_tps, one.generation_tps, one.peak_memory, false);
    all.push_back(one);
  }
  show(median(all, &GenerationStatistics::prompt_tps),
       median(all, &GenerationStatistics::generation_tps),
       median(all, &GenerationStatistics::peak_memory), true);
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
