#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "app/cli/arguments.h"
#include "app/cli/verb.h"
#include "models/weights/model_info.h"

namespace quern::cli {

namespace {

using json = nlohmann::ordered_json;
using models::ModelInfo;

struct Info {
  std::string model;
  int context = 0;  ///< 0: 4096 tokens, or all that the model has if that is less

  int run(Output& output) const;
};

std::string name_of(const std::optional<models::Quantization>& quantization) {
  if (!quantization) return "none";
  return fmt::format("{}, {} bits, groups of {}", quantization->mode, quantization->bits,
                     quantization->group_size);
}

std::string megabytes(size_t bytes) { return fmt::format("{:.1f} MB", double(bytes) / 1e6); }

json to_json(const ModelInfo& info, int context) {
  return {{"family", info.family},
          {"model_type", info.model_type},
          {"dtype", info.dtype},
          {"quantization", name_of(info.quantization)},
          {"parameters", info.parameters},
          {"bits_per_weight", info.bits_per_weight},
          {"max_context", info.max_position_embeddings},
          {"context", context},
          {"weight_bytes", info.weight_bytes},
          {"cache_bytes", info.cache_bytes(context)},
          {"memory", info.memory_to_run(context)}};
}

std::string describe(const ModelInfo& info, int context) {
  const std::string millions = fmt::format("{:.2f} million", double(info.parameters) / 1e6);
  std::string text;
  const auto line = [&](const char* name, const std::string& value) {
    text += fmt::format("{:<17}{}\n", name, value);
  };
  line("Family", fmt::format("{} ({})", info.family, info.model_type));
  line("Parameters", millions);
  line("Computes in", info.dtype);
  line("Quantization", name_of(info.quantization));
  line("Bits per weight", fmt::format("{:.2f}", info.bits_per_weight));
  line("Weights", megabytes(info.weight_bytes));
  line("Longest context", fmt::format("{} tokens", info.max_position_embeddings));
  line("Memory to run", fmt::format("{} with {} tokens, {} of them their cache",
                                    megabytes(info.memory_to_run(context)), context,
                                    megabytes(info.cache_bytes(context))));
  return text;
}

int Info::run(Output& output) const {
  const ModelInfo info = models::read_model_info(model_path(model));
  constexpr int default_context = 4096;
  const int longest = info.max_position_embeddings;
  const int tokens =
      context > 0 ? context : std::min(longest > 0 ? longest : default_context, default_context);
  if (output.json()) {
    output.object(to_json(info, tokens));
  } else {
    output.text(describe(info, tokens));
  }
  return done;
}

}  // namespace

Action add_info(CLI::App& command) {
  const auto verb = std::make_shared<Info>();
  add_model(command, verb->model);
  command.add_option("--context", verb->context, "Tokens of context to count memory for")
      ->check(CLI::PositiveNumber);
  return [verb](Output& output) { return verb->run(output); };
}

}  // namespace quern::cli
