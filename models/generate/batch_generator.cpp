#include "models/generate/batch_generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/graph/eval.h"
#include "engine/memory/memory.h"
#include "engine/ops/indexing.h"
#include "engine/ops/shape.h"
#include "models/error.h"
#include "models/generate/model_drafter.h"
#include "models/generate/ngram_drafter.h"
#include "models/generate/running_sequence.h"

namespace quern::models {

namespace {

/// The first of two that has a guess.
class EitherDrafter final : public Drafter {
 public:
  EitherDrafter(std::unique_ptr<Drafter> first, std::unique_ptr<Drafter> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  Draft propose(std::span<const int32_t> text, int most) override {
    Draft draft = first_->propose(text, most);
    return draft.tokens.empty() ? second_->propose(text, most) : draft;
  }

 private:
  std::unique_ptr<Drafter> first_, second_;
};

void check(const BatchOptions& options, const LanguageModel& model) {
  const auto require = [](int value, int least, const char* name) {
    if (value >= least) return;
    throw ModelError(
        fmt::format("[generate] {} is {}, but must be at least {}", name, value, least),
        fmt::format("Set {} to {} or more.", name, least));
  };
  require(options.max_sequences, 1, "max_sequences");
  require(options.step_tokens, 1, "step_tokens");
  require(options.prompt_tokens_beside_answers, 1, "prompt_tokens_beside_answers");
  require(options.draft_tokens, 1, "draft_tokens");
  if (options.quantization) check(*options.quantization);
  if (options.draft_model) check_draft_model(*options.draft_model, model);
}

}  // namespace

struct BatchGenerator::Waiting {
  GenerationRequest request;
  RunningSequence::Handlers handlers;
  std::stop_token cancel;
};

/// What one pass through the decoder reads, and then what it found.
struct BatchGenerator::Pass {
  struct Entry {
    RunningSequence* sequence;
    RunningSequence::Part part;
    RunningSequence::Outcome outcome = {};
  };
  std::vector<Entry> entries;

  bool has_answers() const {
    return std::any_of(entries.begin(), entries.end(),
                       [](const Entry& entry) { return entry.outcome.has_answer(); });
  }
};

BatchGenerator::BatchGenerator(std::shared_ptr<const LanguageModel> model, BatchOptions options)
    : model_(std::move(model)),
      options_(std::move(options)),
      prefixes_(options_.prefix_bytes),
      draft_prefixes_(options_.prefix_bytes),
      strength_changes_(model_->strength_changes()) {
  check(options_, *model_);
}

BatchGenerator::~BatchGenerator() = default;

void BatchGenerator::add(GenerationRequest request, OnToken on_token, OnFinish on_finish,
                         std::stop_token cancel) {
  models::check(request, *model_);
  if (count() == 0) reset_peak_memory();
  waiting_.push_back(std::make_unique<Waiting>(
      Waiting{std::move(request), {std::move(on_token), std::move(on_finish)}, std::move(cancel)}));
}

bool BatchGenerator::step() {
  try {
    return advance();
  } catch (...) {
    // How far the caches got is unknown now.
    pending_.reset();
    running_.clear();
    waiting_.clear();
    throw;
  }
}

bool BatchGenerator::advance() {
  admit();
  if (must_settle_first()) settle();
  for (const auto& sequence : running_) {
    if (!sequence->is_finished() && sequence->is_reading() && sequence->is_cancelled())
      sequence->finish(FinishReason::cancelled);
  }
  auto next = std::make_unique<Pass>(next_pass());
  if (!next->entries.empty()) run(*next);
  settle();
  std::vector<array> chosen;
  for (Pass::Entry& entry : next->entries) {
    entry.sequence->choose_constrained(entry.outcome);
    if (entry.sequence->is_constrained() && entry.outcome.token)
      chosen.push_back(*entry.outcome.token);
  }
  if (!chosen.empty()) async_eval(std::move(chosen));
  pending_ = std::move(next);
  // Where no answer waits for it, nothing is gained by being ahead.
  if (!pending_->has_answers()) settle();
  retire();
  return count() > 0;
}

void BatchGenerator::admit() {
  while (!waiting_.empty() && has_room()) {
    const std::unique_ptr<Waiting> waiting = std::move(waiting_.front());
    waiting_.pop_front();
    running_.push_back(started(*waiting));
  }
}

bool BatchGenerator::has_room() const {
  if (running_.empty()) return true;
  if (running_.size() >= size_t(options_.max_sequences)) return false;
  size_t held = 0;
  for (const auto& sequence : running_) held += sequence->cache().nbytes();
  return held < options_.cache_bytes;
}

std::unique_ptr<RunningSequence> BatchGenerator::started(Waiting& waiting) {
  const uint64_t strength_changes = model_->strength_changes();
  SequenceCache cache = beginning_of(waiting.request.prompt, strength_changes);
  if (options_.quantization) {
    for (const auto& layer : cache.layers()) {
      if (layer) layer->quantize(*options_.quantization);
    }
  }
  const SamplingOptions sampling = waiting.request.sampling;
  auto sequence = std::make_unique<RunningSequence>(
      *model_, std::move(waiting.request), std::move(waiting.handlers), std::move(waiting.cancel),
      std::move(cache), strength_changes);
  std::unique_ptr<Drafter> drafter;
  if (options_.draft_model) {
    drafter = std::make_unique<ModelDrafter>(options_.draft_model, model_->config().vocab_size,
                                             draft_prefixes_, sampling);
  }
  if (options_.draft_from_text) {
    auto from_text = std::make_unique<NgramDrafter>();
    drafter = drafter ? std::unique_ptr<Drafter>(std::make_unique<EitherDrafter>(
                            std::move(from_text), std::move(drafter)))
                      : std::unique_ptr<Drafter>(std::move(from_text));
  }
  if (drafter) sequence->draft_with(std::move(drafter), options_.draft_tokens);
  return sequence;
}

PrefixStore& BatchGenerator::prefixes() {
  forget_unless_made_at(model_->strength_changes());
  return prefixes_;
}

/// Sequences that were made with other strengths of the adapters are of no use.
void BatchGenerator::forget_unless_made_at(uint64_t strength_changes) {
  if (strength_changes == strength_changes_) return;
  prefixes_.clear();
  strength_changes_ = strength_changes;
}

/// The longest beginning that is known of a prompt, but for its last token.
SequenceCache BatchGenerator::beginning_of(std::span<const int32_t> prompt,
                                           uint64_t strength_changes) {
  forget_unless_made_at(strength_changes);
  const RunningSequence* best = nullptr;
  int longest = prefixes_.longest(prompt);
  for (const auto& sequence : running_) {
    if (sequence->is_finished() || !sequence->is_made_at(strength_changes)) continue;
    const SequenceCache& cache = sequence->cache();
    const int length =
        cache.reachable(common_length(cache.tokens(), prompt.first(prompt.size() - 1)));
    if (length > longest) {
      longest = length;
      best = sequence.get();
    }
  }
  if (best) return best->cache().fork(longest);
  if (auto known = prefixes_.take(prompt)) return std::move(*known);
  return SequenceCache(model_->decoder().make_cache());
}

/// Before the next pass can be made: a draft follows known tokens, and a prompt that was cancelled
/// ends where its last piece does.
bool BatchGenerator::must_settle_first() const {
  return pending_ &&
         std::any_of(pending_->entries.begin(), pending_->entries.end(), [](const auto& entry) {
           const RunningSequence& sequence = *entry.sequence;
           return !sequence.is_finished() &&
                  (sequence.drafts() || (sequence.is_reading() && sequence.is_cancelled()));
         });
}

BatchGenerator::Pass BatchGenerator::next_pass() {
  Pass pass;
  int left = options_.step_tokens;
  const auto take = [&](bool reading, int most) {
    for (const auto& sequence : running_) {
      if (sequence->is_finished() || sequence->is_reading() != reading) continue;
      if (auto part = sequence->next_part(std::min(most, left))) {
        left = std::max(0, left - part->count);
        if (reading) most -= part->count;
        pass.entries.push_back({sequence.get(), std::move(*part)});
      }
    }
  };
  take(false, 0);
  const bool answers = !pass.entries.empty();
  left = std::max(left, 1);
  take(true, answers ? options_.prompt_tokens_beside_answers : options_.step_tokens);
  return pass;
}

void BatchGenerator::run(Pass& pass) {
  const Decoder& decoder = model_->decoder();
  std::vector<Step::Sequence> sequences;
  std::vector<array> tokens;
  std::vector<int32_t> ends, rows;
  int end = 0;
  for (const Pass::Entry& entry : pass.entries) {
    const RunningSequence::Part& part = entry.part;
    sequences.push_back({&entry.sequence->cache().layers(), part.count});
    tokens.push_back(part.tokens);
    end += part.count;
    ends.push_back(end);
    for (int i = part.logits; i > 0; --i) rows.push_back(end - i);
  }
  Step step(std::move(sequences));
  const array ids = tokens.size() == 1 ? tokens[0] : concatenate(std::move(tokens), 0);
  const array states = squeeze(decoder.hidden(reshape(ids, {1, -1}), step), 0);
  const int size = states.shape(1);
  const auto picked = [&](const array& from, int first, int last) {
    return slice(from, {first, 0}, {last, from.shape(1)});
  };
  std::optional<array> logits;
  if (int(rows.size()) == end) {
    logits = decoder.head(states);
  } else if (!rows.empty()) {
    logits = decoder.head(rows.size() == 1
                              ? picked(states, rows[0], rows[0] + 1)
                              : take(states, array(rows.begin(), {int(rows.size())}, int32), 0));
  }
  std::vector<array> wanted;
  int row = 0;
  for (size_t i = 0; i < pass.entries.size(); ++i) {
    Pass::Entry& entry = pass.entries[i];
    const int count = entry.part.logits;
    std::optional<array> own;
    if (count > 0) own = picked(*logits, row, row + count);
    row += count;
    const bool reads_prompt = entry.sequence->is_reading() || count == 0;
    entry.outcome = entry.sequence->outcome(std::move(entry.part), own,
                                            slice(states, {ends[i] - 1, 0}, {ends[i], size}));
    for (array& a : entry.outcome.arrays()) wanted.push_back(std::move(a));
    if (!reads_prompt) continue;
    for (array& a : entry.sequence->cache().arrays()) wanted.push_back(std::move(a));
  }
  async_eval(std::move(wanted));
}

/// Waits for the pass that is under way, and passes on what it brought.
void BatchGenerator::settle() {
  if (!pending_) return;
  const std::unique_ptr<Pass> pass = std::move(pending_);
  for (const Pass::Entry& entry : pass->entries) entry.sequence->settle(entry.outcome);
}

void BatchGenerator::retire() {
  std::vector<std::unique_ptr<RunningSequence>> finished;
  for (auto it = running_.begin(); it != running_.end();) {
    if (!(*it)->is_finished()) {
      ++it;
      continue;
    }
    // What the pass under way read of it is not wanted any more.
    if (pending_) {
      std::erase_if(pending_->entries,
                    [&](const Pass::Entry& entry) { return entry.sequence == it->get(); });
    }
    finished.push_back(std::move(*it));
    it = running_.erase(it);
  }
  if (pending_ && pending_->entries.empty()) pending_.reset();
  const uint64_t strength_changes = model_->strength_changes();
  forget_unless_made_at(strength_changes);
  for (const auto& sequence : finished) {
    if (sequence->is_made_at(strength_changes)) prefixes_.put(std::move(sequence->cache()));
    sequence->report_finish();
  }
}

}  // namespace quern::models
