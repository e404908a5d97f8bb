#include "models/generate/sampler.h"

#include <algorithm>
#include <limits>
#include <random>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/random.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/sort.h"
#include "models/generate/filters.h"

namespace quern::models {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

uint64_t fresh_seed() {
  std::random_device device;
  return uint64_t(device()) << 32 | device();
}

}  // namespace

Sampler::Sampler(const SamplingOptions& options, int32_t vocab_size,
                 std::span<const int32_t> prompt, std::span<const int32_t> protected_tokens)
    : options_(options),
      vocab_size_(vocab_size),
      penalties_(options, prompt),
      key_(random::key(options.seed ? *options.seed : fresh_seed())) {
  if (!options.logit_bias.empty()) {
    std::vector<int32_t> ids;
    std::vector<float> biases;
    for (const auto& [id, bias] : options.logit_bias) {
      ids.push_back(id);
      biases.push_back(bias);
    }
    const Shape shape = {ShapeElem(ids.size())};
    bias_ids_ = array(ids.begin(), shape, int32);
    biases_ = array(biases.begin(), shape, float32);
  }
  if (options.xtc_probability > 0) {
    std::vector<uint8_t> flags(vocab_size, 0);
    for (const int32_t id : protected_tokens) {
      if (id >= 0 && id < vocab_size) flags[id] = 1;
    }
    protected_ = array(flags.begin(), {vocab_size}, bool_);
  }
}

array Sampler::sample(const array& logits, const std::optional<array>& allowed) {
  const array token = choose(scores(logits), allowed);
  add(token);
  return token;
}

array Sampler::scores(const array& logits) const {
  return penalties_.apply(biased(astype(reshape(logits, {vocab_size_}), float32)));
}

array Sampler::choose(const array& scores, const std::optional<array>& allowed) {
  array open = scores;
  if (allowed) {
    // An allowed token beats all others, even one that the model holds to be impossible.
    constexpr float lowest = std::numeric_limits<float>::lowest();
    open = where(*allowed, maximum(scores, array(lowest)), array(-infinity));
  }
  if (is_greedy()) return astype(argmax(open, 0, true), int32);
  const Candidates from = candidates(open);
  const array chosen = random::categorical(reshape(from.logits, {1, -1}), -1, next_key());
  return from.ids ? take(*from.ids, chosen) : astype(chosen, int32);
}

array Sampler::log_distribution(const array& scores) {
  const Candidates from = candidates(scores);
  const array normalised = from.logits - logsumexp(from.logits, 0, true);
  if (!from.ids) return normalised;
  return put_along_axis(full({vocab_size_}, -infinity, float32), *from.ids, normalised, 0);
}

array Sampler::biased(const array& logits) const {
  if (!bias_ids_) return logits;
  return put_along_axis(logits, *bias_ids_, take(logits, *bias_ids_) + *biases_, 0);
}

Sampler::Candidates Sampler::candidates(const array& scores) {
  const SamplingOptions& o = options_;
  array logprobs = scores - logsumexp(scores, 0, true);

  // What top-p and min-p keep are the first ranks, as with top-k, so the order of the three does
  // not matter; what XTC drops depends on the probabilities of all that they leave.
  std::optional<array> ids;
  const auto keep_top_k = [&] {
    if (o.top_k == 0 || o.top_k >= vocab_size_) return;
    ids = top_k_indices(logprobs, o.top_k);
    logprobs = take(logprobs, *ids);
  };
  if (!protected_) keep_top_k();
  if (o.top_p < 1) logprobs = keep_top_p(logprobs, o.top_p);
  if (o.min_p > 0) logprobs = keep_min_p(logprobs, o.min_p);
  if (protected_) {
    const array skip = random::uniform(0.0f, 1.0f, {1}, float32, next_key()) > o.xtc_probability;
    logprobs = where(skip, logprobs, exclude_top_choices(logprobs, o.xtc_threshold, *protected_));
    keep_top_k();
  }
  // Below this temperature only the best token has a chance, and the quotient could overflow.
  const float temperature = std::max(o.temperature, 1e-6f);
  return {logprobs * (1 / temperature), ids};
}

array Sampler::next_key() {
  const auto [next, used] = random::split(key_);
  key_ = next;
  return used;
}

}  // namespace quern::models
