#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "app/cli/arguments.h"
#include "app/cli/interrupt.h"
#include "app/cli/verb.h"
#include "engine/graph/eval.h"
#include "engine/io/safetensors.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "models/error.h"

namespace quern::cli {

namespace {

constexpr int chunk_size = 512;  ///< tokens at a time

struct Logits {
  std::string model;
  std::vector<std::string> adapters;
  std::vector<int32_t> tokens;
  std::string out;
  bool exact = false;

  int run(Output& output) const;
};

void check_tokens(const std::vector<int32_t>& tokens, int32_t vocab_size) {
  for (const int32_t id : tokens) {
    if (id < 0 || id >= vocab_size) {
      throw models::ModelError(
          fmt::format("token {} is not one of the model's {} tokens", id, vocab_size),
          fmt::format("Use tokens between 0 and {}.", vocab_size - 1));
    }
  }
}

int Logits::run(Output& output) const {
  const Interrupt interrupt;
  const auto language_model = load_model(model, exact, adapters);
  const int32_t vocab_size = language_model->config().vocab_size;
  check_tokens(tokens, vocab_size);

  models::Cache cache = language_model->decoder().make_cache();
  std::vector<array> chunks;
  const int total = int(tokens.size());
  for (int begin = 0; begin < total; begin += chunk_size) {
    if (interrupt.requested()) return interrupted;
    const int n = std::min(chunk_size, total - begin);
    const array ids(tokens.begin() + begin, {1, n}, int32);
    const array logits = language_model->decoder().logits(ids, cache);
    chunks.push_back(astype(reshape(logits, {n, vocab_size}), float32));
    eval(chunks.back());
    output.progress(fmt::format("{} of {} tokens", begin + n, total));
  }
  output.end_progress();
  save_safetensors(out, {{"logits", concatenate(std::move(chunks), 0)}});
  if (output.json()) output.object({{"logits", {{"file", out}, {"shape", {total, vocab_size}}}}});
  return done;
}

}  // namespace

Action add_logits(CLI::App& command) {
  const auto verb = std::make_shared<Logits>();
  add_model(command, verb->model);
  add_ids(command, "--tokens", verb->tokens, "The tokens, each from 0 to the vocabulary's size")
      ->required();
  command
      .add_option("--out", verb->out,
                  "The file to write: one tensor \"logits\" [T, vocab], float32")
      ->required()
      ->type_name("F.safetensors");
  add_adapters(command, verb->adapters);
  add_exact(command, verb->exact);
  return [verb](Output& output) { return verb->run(output); };
}

}  // namespace quern::cli
