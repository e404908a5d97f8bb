#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "models/cache/sequence_cache.h"
#include "models/generate/answer_text.h"
#include "models/generate/drafter.h"
#include "models/generate/generation_request.h"
#include "models/generate/sampler.h"
#include "models/generate/verify_draft.h"

namespace quern::models {

/// One request on its way through the passes of a BatchGenerator: first its prompt in pieces, then
/// its answer. Passes may be one ahead of what is known here: the token that a pass chose is given
/// to the next one before anybody has read it.
class RunningSequence {
 public:
  struct Handlers {
    std::function<void(const GeneratedToken&)> on_token;
    std::function<void(const GenerationStatistics&)> on_finish;
  };

  /// cache: of a beginning of the prompt. strength_changes: the model's when the cache was chosen.
  /// The request is checked.
  RunningSequence(const LanguageModel& model, GenerationRequest request, Handlers handlers,
                  std::stop_token cancel, SequenceCache cache, uint64_t strength_changes);

  /// Drafts at most so many tokens at a time from now on. Not with a constraint.
  void draft_with(std::unique_ptr<Drafter> drafter, int most);

  bool is_reading() const { return cache_.length() < statistics_.prompt_tokens; }
  bool drafts() const { return drafter_ != nullptr && !constraint_; }
  bool is_constrained() const { return constraint_ != nullptr; }
  bool is_cancelled() const { return cancel_.stop_requested(); }
  bool is_finished() const { return finished_; }
  SequenceCache& cache() { return cache_; }
  const SequenceCache& cache() const { return cache_; }
  /// Whether all in the cache is what the model would make now: a count of the model's.
  bool is_made_at(uint64_t strength_changes) const { return strength_changes == strength_changes_; }
  const std::vector<int32_t>& prompt() const { return request_.prompt; }

  /// What the next pass reads of this sequence.
  struct Part {
    array tokens;  ///< [count] int32
    int count;
    int logits = 0;  ///< after how many of the last of them logits are wanted
    Draft draft = {};
  };
  /// At most so many tokens of a prompt. None: there is nothing to read now. The pass takes place.
  std::optional<Part> next_part(int most_prompt_tokens);

  /// What a pass found, not computed yet.
  struct Outcome {
    int prompt_tokens = 0;        ///< how many are done with it; 0: it was not a prompt's
    std::optional<array> done;    ///< what is computed when the part has been read
    std::optional<array> scores;  ///< of a choice that waits for its constraint
    std::optional<array> token;   ///< [1] int32
    std::optional<LogProbabilities> log_probabilities;
    std::optional<Verdict> verdict;
    Draft draft;

    bool has_answer() const { return token || scores || verdict; }
    std::vector<array> arrays() const;
  };
  /// After the pass. logits: [part.logits, vocab_size]; state: anything that is computed last.
  Outcome outcome(Part part, const std::optional<array>& logits, const array& state);
  /// Chooses the token that waited, now that the one before it is known.
  void choose_constrained(Outcome& outcome);

  /// Waits for an outcome and passes on what it brought.
  void settle(const Outcome& outcome);
  void finish(FinishReason reason);
  void report_finish() const {
    if (handlers_.on_finish) handlers_.on_finish(statistics_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::optional<Part> prompt_part(int most);
  std::optional<Part> draft_part();
  void choose(Outcome& outcome, const array& scores, const std::optional<array>& allowed);
  void settle_token(const Outcome& outcome);
  void settle_draft(const Outcome& outcome);
  void finish_reading();
  void accept(int32_t id, std::optional<TokenLogProbability> log_probability);
  bool ends_answer(int32_t id) const;

  const LanguageModel& model_;
  GenerationRequest request_;
  Handlers handlers_;
  std::stop_token cancel_;
  SequenceCache cache_;
  uint64_t strength_changes_;
  Sampler sampler_;
  AnswerText answer_;
  std::unique_ptr<TokenConstraint> constraint_;
  std::unique_ptr<Drafter> drafter_;
  std::optional<DraftLength> draft_length_;
  std::optional<int> draft_mark_;  ///< where the cache can go back to from a draft

  std::vector<int32_t> text_;   ///< prompt and answer, as far as they are known
  std::optional<array> next_;   ///< the last token that was chosen, perhaps not known yet
  int chosen_ = 0;              ///< tokens chosen
  bool next_was_read_ = false;  ///< a pass has read it already
  int limit_;                   ///< tokens to choose at most
  bool finished_ = false;

  GenerationStatistics statistics_;
  Clock::time_point started_ = Clock::now();
  Clock::time_point first_token_;
};

}  // namespace quern::models
