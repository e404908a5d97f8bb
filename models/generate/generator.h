#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "models/generate/sampling_options.h"
#include "models/language_model.h"

namespace quern::models {

struct GenerationRequest {
  std::vector<int32_t> prompt;  ///< token ids, at least one
  SamplingOptions sampling;
  int max_tokens = -1;            ///< -1: until the model stops or the context is full
  std::vector<std::string> stop;  ///< texts that end the answer; they are not part of it
  int prefill_step_size = 128;    ///< prompt tokens evaluated at a time: how soon cancelling shows
  bool stop_at_eos = true;

  /// Called after each chunk of the prompt with how many of its tokens are done; may be empty.
  std::function<void(int done, int total)> on_prefill;
};

enum class FinishReason { stop, length, cancelled };

/// "stop", "length" or "cancelled".
const char* to_string(FinishReason reason);

struct GeneratedToken {
  int32_t id;
  std::string text;  ///< what became certain with this token: whole characters, no part of a stop
                     ///< text; often empty
};

struct GenerationStatistics {
  int prompt_tokens = 0;
  int cached_tokens = 0;  ///< of those, how many were still in the cache
  int generation_tokens = 0;
  double prompt_tps = 0;      ///< prompt tokens per second, cached ones not counted
  double generation_tps = 0;  ///< tokens per second after the first
  size_t peak_memory = 0;     ///< bytes, of arrays
  FinishReason finish_reason = FinishReason::stop;
};

/// One conversation with a model: it keeps the key-value cache between requests and evaluates only
/// what a prompt does not share with what is already there. Not for use from several threads at a
/// time.
class Generator {
 public:
  explicit Generator(std::shared_ptr<const LanguageModel> model);
  ~Generator();

  /// Runs a request on the calling thread, calling `on_token` for each token. Ends within one token
  /// of `cancel`. What was generated stays in the cache.
  ///
  /// Throws ModelError: an empty prompt, a token outside the vocabulary, a prompt longer than the
  /// context, an option out of range. The cache is usable afterwards.
  GenerationStatistics generate(const GenerationRequest& request,
                                const std::function<void(const GeneratedToken&)>& on_token,
                                std::stop_token cancel = {});

  /// Tokens now in the cache.
  int context_used() const;
  void clear();

  const LanguageModel& model() const { return *model_; }

 private:
  struct State;
  class Run;

  std::shared_ptr<const LanguageModel> model_;
  std::unique_ptr<State> state_;
};

}  // namespace quern::models
