#pragma once

#include <memory>
#include <optional>

#include "models/cache/prefix_store.h"
#include "models/generate/drafter.h"
#include "models/generate/sampler.h"
#include "models/language_model.h"

namespace quern::models {

/// Guesses by a smaller model with the same vocabulary.
class ModelDrafter final : public Drafter {
 public:
  /// vocab_size: of the logits of the model that is drafted for. sampling: as the text itself is
  /// sampled. store: what the smaller model remembers of other texts; it outlives the drafter, and
  /// gets what is remembered of this one.
  ModelDrafter(std::shared_ptr<const LanguageModel> model, int32_t vocab_size, PrefixStore& store,
               const SamplingOptions& sampling);
  ~ModelDrafter() override;

  Draft propose(std::span<const int32_t> text, int most) override;

 private:
  void go_back_to(std::span<const int32_t> text);
  array read(std::span<const int32_t> text);

  std::shared_ptr<const LanguageModel> model_;
  int32_t vocab_size_;
  int32_t shared_;  ///< tokens that both models have
  PrefixStore& store_;
  Sampler sampler_;
  std::optional<SequenceCache> cache_;
};

/// Throws ModelError unless both models have the same tokens.
void check_draft_model(const LanguageModel& draft, const LanguageModel& model);

}  // namespace quern::models
