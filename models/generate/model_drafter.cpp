#include "models/generate/model_drafter.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "engine/graph/eval.h"
#include "engine/ops/cast.h"
#include "engine/ops/random.h"
#include "engine/ops/shape.h"
#include "models/error.h"
#include "models/generate/generation_request.h"

namespace quern::models {

namespace {

constexpr int chunk_size = 256;  ///< tokens read at a time

SamplingOptions options_for(SamplingOptions options, int32_t vocab_size) {
  // The model's own draws must not depend on those of its draft.
  if (options.seed) *options.seed ^= 0x9e3779b97f4a7c15;
  std::erase_if(options.logit_bias, [&](const auto& bias) { return bias.first >= vocab_size; });
  return options;
}

/// Log-probabilities of the first tokens of a vocabulary -> of all.
array padded(const array& distribution, int32_t vocab_size) {
  const int missing = vocab_size - distribution.shape(0);
  if (missing == 0) return distribution;
  return pad(distribution, {0, missing}, array(-std::numeric_limits<float>::infinity()));
}

}  // namespace

void check_draft_model(const LanguageModel& draft, const LanguageModel& model) {
  const auto refuse = [&](const std::string& why) {
    throw ModelError(fmt::format("[draft] {} cannot draft for {}: {}", draft.folder().string(),
                                 model.folder().string(), why),
                     "Choose a smaller model of the same family.");
  };
  if (draft.has_tokenizer() != model.has_tokenizer()) refuse("one of them has no tokenizer");
  const auto require_size = [&](int32_t found, int32_t expected) {
    if (found != expected) refuse(fmt::format("it has {} tokens, not {}", found, expected));
  };
  if (!draft.has_tokenizer())
    return require_size(draft.config().vocab_size, model.config().vocab_size);
  // The logits of one of them may be padded.
  const Tokenizer &a = draft.tokenizer(), &b = model.tokenizer();
  require_size(a.vocab_size(), b.vocab_size());
  for (int32_t id = 0; id < a.vocab_size(); ++id) {
    if (a.id_to_token(id) != b.id_to_token(id))
      refuse(fmt::format("its token {} is \"{}\", not \"{}\"", id, a.id_to_token(id),
                         b.id_to_token(id)));
  }
}

ModelDrafter::ModelDrafter(std::shared_ptr<const LanguageModel> model, int32_t vocab_size,
                           PrefixStore& store, const SamplingOptions& sampling)
    : model_(std::move(model)),
      vocab_size_(vocab_size),
      shared_(std::min(vocab_size, model_->config().vocab_size)),
      store_(store),
      sampler_(options_for(sampling, shared_), shared_, std::vector<int32_t>{0}) {}

ModelDrafter::~ModelDrafter() {
  try {
    if (cache_) store_.put(std::move(*cache_));
  } catch (...) {
    // It is only lost.
  }
}

void ModelDrafter::go_back_to(std::span<const int32_t> text) {
  if (!cache_) {
    cache_ = store_.take(text);
  } else if (const int length =
                 cache_->reachable(common_length(cache_->tokens(), text.first(text.size() - 1)));
             length > 0) {
    cache_->rewind(length);
  } else {
    cache_.reset();
  }
  if (!cache_) cache_.emplace(model_->decoder().make_cache());
}

/// Logits after the text, of which the cache holds a beginning.
array ModelDrafter::read(std::span<const int32_t> text) {
  for (;;) {
    const int begin = cache_->length(), count = std::min(chunk_size, int(text.size()) - begin);
    const array ids(text.data() + begin, {1, count}, int32);
    const array logits = model_->decoder().logits(ids, cache_->layers(), /*last_only=*/true);
    cache_->append(text.data() + begin, count);
    if (cache_->length() == int(text.size())) return logits;
    eval(cache_->arrays());
  }
}

Draft ModelDrafter::propose(std::span<const int32_t> text, int most) {
  if (text.empty() || most < 1 || int(text.size()) > context_length(*model_) - most) return {};
  if (std::any_of(text.begin(), text.end(), [&](int32_t id) { return id >= shared_; })) return {};
  go_back_to(text);
  array logits = read(text);
  cache_->mark();
  sampler_.restart(text);
  Draft draft;
  std::vector<array> tokens;
  for (int i = 0; i < most; ++i) {
    if (i > 0)
      logits = model_->decoder().logits(reshape(tokens.back(), {1, 1}), cache_->layers(), true);
    const array scores = sampler_.scores(slice(reshape(logits, {-1}), {0}, {shared_}));
    if (sampler_.is_greedy()) {
      tokens.push_back(sampler_.choose(scores));
    } else {
      const array distribution = sampler_.log_distribution(scores);
      tokens.push_back(astype(
          random::categorical(reshape(distribution, {1, -1}), -1, sampler_.next_key()), int32));
      draft.distributions.push_back(padded(distribution, vocab_size_));
    }
    sampler_.add(tokens.back());
  }
  array ids = concatenate(std::move(tokens), 0);
  ids.eval();
  draft.tokens.assign(ids.data<int32_t>(), ids.data<int32_t>() + most);
  cache_->append(draft.tokens.data(), most - 1);
  return draft;
}

}  // namespace quern::models
