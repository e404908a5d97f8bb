#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "models/cache/prefix_store.h"
#include "models/generate/generation_request.h"
#include "models/language_model.h"

namespace quern::models {

class RunningSequence;

struct BatchOptions {
  int max_sequences = 16;  ///< that run at a time; the others wait
  /// Bytes of what running sequences remember, beyond which no other one joins.
  size_t cache_bytes = std::numeric_limits<size_t>::max();
  int step_tokens = 512;  ///< that one pass reads at most, of all sequences
  /// Prompt tokens in a pass that running answers wait for.
  int prompt_tokens_beside_answers = 64;
  size_t prefix_bytes = size_t(1) << 30;  ///< for sequences that a later prompt may begin with
  std::optional<KeyValueQuantization> quantization = {};

  /// Speculative decoding: another model, what stands earlier in the text, or first the one and,
  /// where the text says nothing, the other. The answers are the same, but for rounding.
  std::shared_ptr<const LanguageModel> draft_model = {};
  bool draft_from_text = false;
  int draft_tokens = 4;  ///< at most, at a time
};

/// Runs any number of requests through one model together. Sequences join and leave while others
/// run; what a sequence says does not depend on the others. Beginnings of prompts that were read
/// before, by this or by running sequences, are not read again.
///
/// For one thread; it works while step() is called.
class BatchGenerator {
 public:
  /// Throws ModelError for options out of range and a draft model with another vocabulary.
  explicit BatchGenerator(std::shared_ptr<const LanguageModel> model, BatchOptions options = {});
  ~BatchGenerator();

  using OnToken = std::function<void(const GeneratedToken&)>;
  using OnFinish = std::function<void(const GenerationStatistics&)>;

  /// Queues a request. step() calls on_token for each of its tokens, and on_finish at the end,
  /// which comes within one token of `cancel`. Throws ModelError as check() does.
  void add(GenerationRequest request, OnToken on_token, OnFinish on_finish,
           std::stop_token cancel = {});

  /// One pass: the next token of each answer, and pieces of prompts. Returns whether anything is
  /// left to do. Throws what the pass or a handler throws: then all requests are gone, without
  /// on_finish, and new ones may be added.
  bool step();

  size_t count() const { return running_.size() + waiting_.size(); }

  /// What is there is what the model would make now, with its adapters' strengths.
  PrefixStore& prefixes();
  const LanguageModel& model() const { return *model_; }

 private:
  struct Waiting;
  struct Pass;

  void admit();
  bool has_room() const;
  void forget_unless_made_at(uint64_t strength_changes);
  SequenceCache beginning_of(std::span<const int32_t> prompt, uint64_t strength_changes);
  std::unique_ptr<RunningSequence> started(Waiting& waiting);
  bool must_settle_first() const;
  Pass next_pass();
  void run(Pass& pass);
  void settle();
  void retire();
  bool advance();

  std::shared_ptr<const LanguageModel> model_;
  BatchOptions options_;
  PrefixStore prefixes_, draft_prefixes_;
  uint64_t strength_changes_ = 0;  ///< the model's when prefixes_ were made
  std::deque<std::unique_ptr<Waiting>> waiting_;
  std::vector<std::unique_ptr<RunningSequence>> running_;
  std::unique_ptr<Pass> pending_;  ///< given to the device and not settled
};

}  // namespace quern::models
