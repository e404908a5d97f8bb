#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/generate/log_probabilities.h"
#include "models/generate/sampling_options.h"
#include "models/generate/token_constraint.h"
#include "models/language_model.h"

namespace quern::models {

struct GenerationRequest {
  std::vector<int32_t> prompt;  ///< token ids, at least one
  SamplingOptions sampling;
  int max_tokens = -1;            ///< -1: until the model stops or the context is full
  std::vector<std::string> stop;  ///< texts that end the answer; they are not part of it
  /// Prompt tokens evaluated at a time: how soon cancelling shows. None: as many as suit the model.
  std::optional<int> prefill_step_size = {};
  bool stop_at_eos = true;
  /// Special tokens that are part of the text all the same, as the markers of tool calls are.
  std::vector<int32_t> rendered_tokens;

  /// Lengths of beginnings of the prompt with which a later prompt may begin as well: where its
  /// messages end. Models that cannot forget single tokens go back there.
  std::vector<int> boundaries;

  /// Tokens whose log-probabilities are wanted besides the chosen one's; none: not even its.
  std::optional<int> log_probabilities;

  /// Makes what constrains the answer; may be empty.
  std::function<std::unique_ptr<TokenConstraint>()> constraint;

  /// Called after each chunk of the prompt with how many of its tokens are done; may be empty.
  std::function<void(int done, int total)> on_prefill;
};

/// Throws ModelError: an empty prompt, a token outside the vocabulary, a prompt longer than the
/// context, an option out of range.
void check(const GenerationRequest& request, const LanguageModel& model);

/// The request's, else 512 for the smallest models to 128 for large ones. What it takes to unpack
/// the weights is spread over as many tokens as two slow cores read in about a second.
int prefill_step_size(const GenerationRequest& request, const ModelConfig& config);

/// Positions that the model was made for; as good as unlimited when its configuration does not say.
int context_length(const LanguageModel& model);

enum class FinishReason { stop, length, cancelled };

/// "stop", "length" or "cancelled".
const char* to_string(FinishReason reason);

struct GeneratedToken {
  int32_t id;
  std::string text;  ///< what became certain with this token: whole characters, no part of a stop
                     ///< text; often empty
  std::optional<TokenLogProbability> log_probability = {};  ///< where it was asked for
};

struct GenerationStatistics {
  int prompt_tokens = 0;
  int cached_tokens = 0;  ///< of those, how many were still in the cache
  int generation_tokens = 0;
  int drafted_tokens = 0;     ///< proposed by a draft
  int accepted_tokens = 0;    ///< of those, how many the model agreed to
  double prompt_tps = 0;      ///< prompt tokens per second, cached ones not counted
  double generation_tps = 0;  ///< tokens per second after the first
  size_t peak_memory = 0;     ///< bytes, of arrays
  FinishReason finish_reason = FinishReason::stop;
};

}  // namespace quern::models
