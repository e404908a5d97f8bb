#include "models/generate/generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "engine/graph/eval.h"
#include "engine/memory/memory.h"
#include "engine/ops/shape.h"
#include "models/error.h"
#include "models/generate/sampler.h"
#include "models/generate/stop_matcher.h"
#include "models/tokenizer/streaming_detokenizer.h"

namespace quern::models {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

double rate(int tokens, double seconds) { return tokens > 0 && seconds > 0 ? tokens / seconds : 0; }

/// Positions that the model was made for; as good as unlimited when its configuration does not say.
int context_length(const LanguageModel& model) {
  const int length = model.config().max_position_embeddings;
  return length > 0 ? length : std::numeric_limits<int>::max();
}

void check_request(const GenerationRequest& request, const LanguageModel& model) {
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
  if (request.prefill_step_size < 1) {
    throw ModelError(fmt::format("[generate] prefill_step_size is {}, but must be at least 1",
                                 request.prefill_step_size),
                     "Use 128 when in doubt.");
  }
  check(request.sampling, vocab_size);
}

/// The pieces of an answer's text that are certain; nothing at all for a model without a tokenizer.
class AnswerText {
 public:
  AnswerText(const LanguageModel& model, std::vector<std::string> stop)
      : matcher_(std::move(stop)) {
    if (model.has_tokenizer()) detokenizer_.emplace(model.tokenizer());
  }

  std::string add(int32_t id) {
    return detokenizer_ ? matcher_.add(detokenizer_->add(id)) : std::string();
  }

  std::string finish() {
    if (!detokenizer_) return {};
    std::string text = matcher_.add(detokenizer_->finish());
    return text += matcher_.finish();
  }

  bool stopped() const { return matcher_.stopped(); }

 private:
  std::optional<StreamingDetokenizer> detokenizer_;
  StopMatcher matcher_;
};

/// What XTC leaves alone: a model that cannot end a line or its answer goes on for ever.
std::vector<int32_t> ending_tokens(const LanguageModel& model) {
  std::vector<int32_t> ids = model.eos_token_ids();
  if (model.has_tokenizer()) {
    const auto newline = model.tokenizer().encode("\n", false);
    ids.insert(ids.end(), newline.begin(), newline.end());
  }
  return ids;
}

}  // namespace

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

struct Generator::State {
  explicit State(const LanguageModel& model)
      : decoder(model.decoder()), cache(decoder.make_cache()) {}

  const Decoder& decoder;
  Cache cache;
  std::vector<int32_t> tokens;  ///< what the cache holds

  void clear() {
    cache = decoder.make_cache();
    tokens.clear();
  }

  /// Keeps what the cache shares with the prompt, but not the prompt's last token, whose logits are
  /// needed. Returns how much that is.
  int keep_common_prefix(const std::vector<int32_t>& prompt) {
    const size_t most = std::min(tokens.size(), prompt.size() - 1);
    const auto mismatch =
        std::mismatch(tokens.begin(), tokens.begin() + int64_t(most), prompt.begin());
    const size_t common = size_t(mismatch.first - tokens.begin());
    const int surplus = int(tokens.size() - common);
    if (surplus > 0) {
      const bool trimmed = common > 0 && std::all_of(cache.begin(), cache.end(), [&](auto& layer) {
                             return !layer || layer->trim(surplus);
                           });
      if (!trimmed) {
        clear();
        return 0;
      }
      tokens.resize(common);
    }
    return int(common);
  }

  std::vector<array> arrays() const { return arrays_of(cache); }

  /// Logits [1, 1, vocab_size] of the position after these tokens [1, T], not evaluated.
  array advance(const array& ids) { return decoder.logits(ids, cache, /*last_only=*/true); }

  array advance(const std::vector<int32_t>& ids, size_t begin, size_t end) {
    const array logits =
        advance(array(ids.begin() + int64_t(begin), {1, ShapeElem(end - begin)}, int32));
    tokens.insert(tokens.end(), ids.begin() + int64_t(begin), ids.begin() + int64_t(end));
    return logits;
  }
};

/// One request on its way.
class Generator::Run {
 public:
  Run(const LanguageModel& model, State& state, const GenerationRequest& request,
      const std::function<void(const GeneratedToken&)>& on_token, const std::stop_token& cancel)
      : model_(model),
        state_(state),
        request_(request),
        on_token_(on_token),
        cancel_(cancel),
        answer_(model, request.stop) {}

  GenerationStatistics operator()() {
    reset_peak_memory();
    started_ = Clock::now();
    statistics_.prompt_tokens = int(request_.prompt.size());
    statistics_.finish_reason = FinishReason::cancelled;
    if (const std::optional<array> logits = prefill()) decode(*logits);
    statistics_.peak_memory = get_peak_memory();
    return statistics_;
  }

 private:
  /// Evaluates the prompt but for its last chunk, whose logits it returns; none when cancelled.
  std::optional<array> prefill() {
    const int total = statistics_.prompt_tokens;
    int done = state_.keep_common_prefix(request_.prompt);
    statistics_.cached_tokens = done;
    while (!cancel_.stop_requested()) {
      const int end = done + std::min(request_.prefill_step_size, total - done);
      const array logits = state_.advance(request_.prompt, size_t(done), size_t(end));
      if (end == total) return logits;
      eval(state_.arrays());
      done = end;
      if (request_.on_prefill) request_.on_prefill(done, total);
    }
    return std::nullopt;
  }

  /// The device works one token ahead: the next step is given to it before a token is read here.
  void decode(const array& prompt_logits) {
    const int limit = token_limit();
    if (limit == 0) {
      eval(state_.arrays());
      finish_prefill();
      statistics_.finish_reason = FinishReason::length;
      return;
    }
    Sampler sampler(request_.sampling, model_.config().vocab_size, request_.prompt,
                    ending_tokens(model_));
    array token = sampler.sample(prompt_logits);
    async_eval(token);
    for (bool finished = false; !finished;) {
      std::optional<array> next;
      if (statistics_.generation_tokens + 1 < limit) {
        next = sampler.sample(state_.advance(reshape(token, {1, 1})));
        async_eval(*next);
      }
      const int32_t id = token.item<int32_t>();
      if (next) state_.tokens.push_back(id);
      if (statistics_.generation_tokens == 0) finish_prefill();
      finished = accept(id, !next.has_value());
      if (next) token = *next;
    }
    statistics_.generation_tps =
        rate(statistics_.generation_tokens - 1, seconds_between(first_token_, Clock::now()));
  }

  void finish_prefill() {
    first_token_ = Clock::now();
    statistics_.prompt_tps = rate(statistics_.prompt_tokens - statistics_.cached_tokens,
                                  seconds_between(started_, first_token_));
    if (request_.on_prefill)
      request_.on_prefill(statistics_.prompt_tokens, statistics_.prompt_tokens);
  }

  /// Passes a token on. Returns whether it is the answer's last one.
  bool accept(int32_t id, bool last) {
    ++statistics_.generation_tokens;
    std::optional<FinishReason> reason;
    std::string text;
    if (ends_answer(id)) {
      reason = FinishReason::stop;
    } else {
      text = answer_.add(id);
      if (last) reason = FinishReason::length;
      if (cancel_.stop_requested()) reason = FinishReason::cancelled;
    }
    if (reason) text += answer_.finish();
    if (answer_.stopped()) reason = FinishReason::stop;
    on_token_({id, std::move(text)});
    if (reason) statistics_.finish_reason = *reason;
    return reason.has_value();
  }

  bool ends_answer(int32_t id) const {
    const std::vector<int32_t>& eos = model_.eos_token_ids();
    return request_.stop_at_eos && std::find(eos.begin(), eos.end(), id) != eos.end();
  }

  /// The last token that fits is one for which the context has no place: it is not fed back.
  int token_limit() const {
    const int limit = context_length(model_) - statistics_.prompt_tokens + 1;
    return request_.max_tokens < 0 ? limit : std::min(limit, request_.max_tokens);
  }

  const LanguageModel& model_;
  State& state_;
  const GenerationRequest& request_;
  const std::function<void(const GeneratedToken&)>& on_token_;
  const std::stop_token& cancel_;
  AnswerText answer_;
  GenerationStatistics statistics_;
  Clock::time_point started_;
  Clock::time_point first_token_;
};

Generator::Generator(std::shared_ptr<const LanguageModel> model)
    : model_(std::move(model)), state_(std::make_unique<State>(*model_)) {}

Generator::~Generator() = default;

GenerationStatistics Generator::generate(const GenerationRequest& request,
                                         const std::function<void(const GeneratedToken&)>& on_token,
                                         std::stop_token cancel) {
  check_request(request, *model_);
  try {
    return Run(*model_, *state_, request, on_token, cancel)();
  } catch (...) {
    // Which tokens reached the cache is unknown now.
    state_->clear();
    throw;
  }
}

int Generator::context_used() const { return int(state_->tokens.size()); }

void Generator::clear() { state_->clear(); }

}  // namespace quern::models
