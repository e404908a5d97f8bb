#include "models/generate/generation_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "models/error.h"

namespace quern::models {

int context_length(const LanguageModel& model) {
  const int length = model.config().max_position_embeddings;
  return length > 0 ? length : std::numeric_limits<int>::max();
}

int prefill_step_size(const GenerationRequest& request, const ModelConfig& config) {
  if (request.prefill_step_size) return *request.prefill_step_size;
  // A layer has about 12 parameters for each of these products: with 18e9 of them, 512 tokens of a
  // model of half a billion parameters, 256 of one billion, 128 of two and more.
  const double per_token =
      double(config.num_hidden_layers) * config.hidden_size * config.hidden_size;
  const double tokens = std::min(18e9 / std::max(per_token, 1.0), 512.0);
  return std::max(128, int(tokens) / 128 * 128);
}

void check(const GenerationRequest& request, const LanguageModel& model) {
  const int32_t vocab_size = model.config().vocab_size;
  if (request.prompt.empty()) {
    throw ModelError("[generate] the prompt is empty", "Give at least one token to continue.");
  }
  for (const int32_t id : request.prompt) {
    if (id < 0 || id >= vocab_size) {
      throw ModelError(
          fmt::format("[generate] the prompt has token {}, but the model has {} tokens", id,
                      vocab_size),
          fmt::format("Use tokens between 0 and {}.", vocab_size - 1));
    }
  }
  if (request.prompt.size() > size_t(context_length(model))) {
    throw ModelError(
        fmt::format("[generate] the prompt has {} tokens, but the model's context holds {}",
                    request.prompt.size(), context_length(model)),
        "Shorten the prompt or start a new conversation.");
  }
  if (request.max_tokens < -1) {
    throw ModelError(
        fmt::format("[generate] max_tokens is {}, but must be -1 or more", request.max_tokens),
        "Use -1 for no limit.");
  }
  if (request.prefill_step_size && *request.prefill_step_size < 1) {
    throw ModelError(fmt::format("[generate] prefill_step_size is {}, but must be at least 1",
                                 *request.prefill_step_size),
                     "Leave it out when in doubt.");
  }
  if (request.log_probabilities &&
      (*request.log_probabilities < 0 || *request.log_probabilities > vocab_size)) {
    throw ModelError(
        fmt::format("[generate] log-probabilities of {} tokens are asked for, but the model has {}",
                    *request.log_probabilities, vocab_size),
        fmt::format("Ask for 0 to {}.", vocab_size));
  }
  check(request.sampling, vocab_size);
}

const char* to_string(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::cancelled:
      return "cancelled";
  }
  return "";
}

}  // namespace quern::models
