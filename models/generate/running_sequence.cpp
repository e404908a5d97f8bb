#include "models/generate/running_sequence.h"

#include <algorithm>
#include <utility>

#include "engine/memory/memory.h"
#include "engine/ops/shape.h"

namespace quern::models {

namespace {

double seconds_between(std::chrono::steady_clock::time_point begin,
                       std::chrono::steady_clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

double rate(int tokens, double seconds) { return tokens > 0 && seconds > 0 ? tokens / seconds : 0; }

/// What XTC leaves alone: a model that cannot end a line or its answer goes on for ever.
std::vector<int32_t> ending_tokens(const LanguageModel& model) {
  std::vector<int32_t> ids = model.eos_token_ids();
  if (model.has_tokenizer()) {
    const auto newline = model.tokenizer().encode("\n", false);
    ids.insert(ids.end(), newline.begin(), newline.end());
  }
  return ids;
}

/// The last token that fits is one for which the context has no place: it is not fed back.
int token_limit(const GenerationRequest& request, const LanguageModel& model) {
  const int limit = context_length(model) - int(request.prompt.size()) + 1;
  return request.max_tokens < 0 ? limit : std::min(limit, request.max_tokens);
}

}  // namespace

std::vector<array> RunningSequence::Outcome::arrays() const {
  std::vector<array> out;
  for (const auto& a : {done, scores, token}) {
    if (a) out.push_back(*a);
  }
  if (log_probabilities) {
    for (const array& a : log_probabilities->arrays()) out.push_back(a);
  }
  if (verdict) {
    out.push_back(verdict->accepted);
    out.push_back(verdict->tokens);
  }
  return out;
}

RunningSequence::RunningSequence(const LanguageModel& model, GenerationRequest request,
                                 Handlers handlers, std::stop_token cancel, SequenceCache cache,
                                 uint64_t strength_changes)
    : model_(model),
      request_(std::move(request)),
      handlers_(std::move(handlers)),
      cancel_(std::move(cancel)),
      cache_(std::move(cache)),
      strength_changes_(strength_changes),
      sampler_(request_.sampling, model.config().vocab_size, request_.prompt, ending_tokens(model)),
      answer_(model, request_.stop, request_.rendered_tokens),
      constraint_(request_.constraint ? request_.constraint() : nullptr),
      text_(request_.prompt),
      limit_(token_limit(request_, model)) {
  statistics_.prompt_tokens = int(request_.prompt.size());
  statistics_.cached_tokens = cache_.length();
  std::sort(request_.boundaries.begin(), request_.boundaries.end());
}

void RunningSequence::draft_with(std::unique_ptr<Drafter> drafter, int most) {
  drafter_ = std::move(drafter);
  draft_length_.emplace(most);
}

std::optional<RunningSequence::Part> RunningSequence::next_part(int most_prompt_tokens) {
  if (finished_) return std::nullopt;
  if (is_reading()) return prompt_part(most_prompt_tokens);
  if (!next_ || chosen_ >= limit_) return std::nullopt;
  if (drafts()) return draft_part();
  next_was_read_ = true;
  return Part{*next_, 1, 1};
}

std::optional<RunningSequence::Part> RunningSequence::prompt_part(int most) {
  const int begin = cache_.length(), total = statistics_.prompt_tokens;
  int end = begin + std::min({most, prefill_step_size(request_, model_.config()), total - begin});
  if (end <= begin) return std::nullopt;
  if (cache_.needs_marks()) {
    const auto& boundaries = request_.boundaries;
    const auto next = std::upper_bound(boundaries.begin(), boundaries.end(), begin);
    if (next != boundaries.end()) end = std::min(end, *next);
  }
  cache_.append(request_.prompt.data() + begin, end - begin);
  const array tokens(request_.prompt.begin() + begin, {end - begin}, int32);
  return Part{tokens, end - begin, end == total && limit_ > 0 ? 1 : 0};
}

/// All tokens that the cache lacks, and a guess at more. A cache that cannot forget single tokens
/// goes back to where the guess began when it was wrong, and reads what was right of it again.
std::optional<RunningSequence::Part> RunningSequence::draft_part() {
  std::vector<int32_t> tokens(text_.begin() + cache_.length(), text_.end());
  const int most = std::min(draft_length_->get(), limit_ - chosen_ - 1);
  Draft draft;
  if (tokens.size() == 1 && most > 0) draft = drafter_->propose(text_, most);
  const bool may_be_wrong = !draft.tokens.empty() && !cache_.can_take_back();
  if (may_be_wrong && cache_.mark()) draft_mark_ = cache_.length();
  tokens.insert(tokens.end(), draft.tokens.begin(), draft.tokens.end());
  cache_.append(tokens.data(), int(tokens.size()));
  const int count = int(tokens.size()), logits = int(draft.tokens.size()) + 1;
  return Part{array(tokens.begin(), {count}, int32), count, logits, std::move(draft)};
}

RunningSequence::Outcome RunningSequence::outcome(Part part, const std::optional<array>& logits,
                                                  const array& state) {
  Outcome outcome;
  if (chosen_ == 0) {
    outcome.prompt_tokens = cache_.length();
    const auto& boundaries = request_.boundaries;
    if (std::binary_search(boundaries.begin(), boundaries.end(), cache_.length())) cache_.mark();
  }
  if (!logits) {
    outcome.done = state;
    return outcome;
  }
  if (!part.draft.tokens.empty()) {
    sampler_.restart(text_);
    outcome.verdict = verify_draft(sampler_, *logits, part.draft);
    outcome.draft = std::move(part.draft);
    return outcome;
  }
  if (drafts()) sampler_.restart(text_);
  const array scores = sampler_.scores(*logits);
  if (constraint_) {
    outcome.scores = scores;
  } else {
    choose(outcome, scores, std::nullopt);
  }
  return outcome;
}

void RunningSequence::choose(Outcome& outcome, const array& scores,
                             const std::optional<array>& allowed) {
  outcome.token = sampler_.choose(scores, allowed);
  sampler_.add(*outcome.token);
  if (request_.log_probabilities)
    outcome.log_probabilities.emplace(scores, *outcome.token, *request_.log_probabilities);
  next_ = outcome.token;
  ++chosen_;
}

void RunningSequence::choose_constrained(Outcome& outcome) {
  if (finished_ || !outcome.scores) return;
  const array scores = *std::exchange(outcome.scores, std::nullopt);
  choose(outcome, scores, constraint_->allowed());
}

void RunningSequence::settle(const Outcome& outcome) {
  if (finished_) return;
  if (outcome.done) outcome.done->wait();
  if (outcome.verdict) return settle_draft(outcome);
  if (outcome.token) return settle_token(outcome);
  if (outcome.prompt_tokens < statistics_.prompt_tokens) {
    if (request_.on_prefill) request_.on_prefill(outcome.prompt_tokens, statistics_.prompt_tokens);
  } else {
    finish_reading();
    finish(FinishReason::length);
  }
}

void RunningSequence::settle_token(const Outcome& outcome) {
  const auto id = outcome.token->item<int32_t>();
  if (std::exchange(next_was_read_, false)) cache_.append(&id, 1);
  if (constraint_) constraint_->advance(id);
  if (statistics_.generation_tokens == 0) finish_reading();
  std::optional<TokenLogProbability> log_probability;
  if (outcome.log_probabilities) log_probability = outcome.log_probabilities->read();
  accept(id, std::move(log_probability));
}

void RunningSequence::settle_draft(const Outcome& outcome) {
  array accepted = outcome.verdict->accepted, tokens = outcome.verdict->tokens;
  const std::vector<int32_t>& guessed = outcome.draft.tokens;
  const int count = int(guessed.size());
  accepted.eval();
  tokens.eval();
  int right = 0;
  while (right < count && accepted.data<bool>()[right]) ++right;
  draft_length_->update(count, right);
  statistics_.drafted_tokens += count;
  statistics_.accepted_tokens += right;
  int taken = 0;
  for (; taken <= right && !finished_; ++taken) {
    const int32_t id = taken < right ? guessed[size_t(taken)] : tokens.data<int32_t>()[right];
    std::optional<TokenLogProbability> log_probability;
    if (request_.log_probabilities) {
      log_probability = LogProbabilities(outcome.verdict->scores[size_t(taken)], array({id}, int32),
                                         *request_.log_probabilities)
                            .read();
    }
    ++chosen_;
    next_ = array({id}, int32);
    accept(id, std::move(log_probability));
  }
  const int wrong = count - std::min(taken, right);
  if (wrong > 0) cache_.rewind(cache_.reachable(cache_.length() - wrong));
  if (draft_mark_) cache_.unmark(*std::exchange(draft_mark_, std::nullopt));
}

void RunningSequence::finish_reading() {
  first_token_ = Clock::now();
  statistics_.prompt_tps = rate(statistics_.prompt_tokens - statistics_.cached_tokens,
                                seconds_between(started_, first_token_));
  if (request_.on_prefill)
    request_.on_prefill(statistics_.prompt_tokens, statistics_.prompt_tokens);
}

/// Passes a token on.
void RunningSequence::accept(int32_t id, std::optional<TokenLogProbability> log_probability) {
  text_.push_back(id);
  ++statistics_.generation_tokens;
  std::optional<FinishReason> reason;
  std::string text;
  if (ends_answer(id)) {
    reason = FinishReason::stop;
  } else {
    text = answer_.add(id);
    if (statistics_.generation_tokens == limit_) reason = FinishReason::length;
    if (constraint_ && constraint_->complete()) reason = FinishReason::stop;
    if (is_cancelled()) reason = FinishReason::cancelled;
  }
  if (reason) text += answer_.finish();
  if (answer_.stopped()) reason = FinishReason::stop;
  if (handlers_.on_token) handlers_.on_token({id, std::move(text), std::move(log_probability)});
  if (reason) finish(*reason);
}

bool RunningSequence::ends_answer(int32_t id) const {
  const std::vector<int32_t>& eos = model_.eos_token_ids();
  return request_.stop_at_eos && std::find(eos.begin(), eos.end(), id) != eos.end();
}

void RunningSequence::finish(FinishReason reason) {
  finished_ = true;
  statistics_.finish_reason = reason;
  statistics_.generation_tps =
      rate(statistics_.generation_tokens - 1, seconds_between(first_token_, Clock::now()));
  statistics_.peak_memory = get_peak_memory();
}

}  // namespace quern::models
