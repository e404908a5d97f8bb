#include "models/evaluate/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/graph/eval.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/indexing.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/sort.h"
#include "engine/ops/unary.h"
#include "models/error.h"
#include "models/evaluate/running_mean.h"

namespace quern::models {

namespace {

constexpr int rows_at_a_time = 64;  ///< whose logits are held together

void check(const LanguageModel& model, const LanguageModel* reference,
           std::span<const int32_t> tokens, const EvaluationOptions& options) {
  if (tokens.size() < 2) {
    throw ModelError(fmt::format("[evaluate] the text has {} tokens", tokens.size()),
                     "Give a text of at least two tokens; some thousands make the figures sure.");
  }
  const int longest = model.config().max_position_embeddings;
  if (options.context_length < 2 || options.context_length > longest) {
    throw ModelError(fmt::format("[evaluate] the context length is {}, but must be 2 to {}",
                                 options.context_length, longest),
                     "Use 512 when in doubt.");
  }
  int32_t vocab_size = model.config().vocab_size;
  if (reference) vocab_size = std::min(vocab_size, reference->config().vocab_size);
  for (const int32_t id : tokens) {
    if (id >= 0 && id < vocab_size) continue;
    throw ModelError(
        fmt::format("[evaluate] token {} is outside the vocabulary of {}", id, vocab_size),
        reference ? "The two models must have the same tokenizer."
                  : "Tokenize the text with this model's own tokenizer.");
  }
}

array states(const LanguageModel& model, const array& tokens) {
  Step step({{nullptr, tokens.shape(1)}});
  return squeeze(model.decoder().hidden(tokens, step), 0);
}

/// log of the probabilities of the first `vocab_size` tokens: [rows, vocab_size] float32.
array log_probabilities(const LanguageModel& model, const array& states, int begin, int end,
                        int vocab_size) {
  array logits = model.decoder().head(slice(states, {begin, 0}, {end, states.shape(1)}));
  logits = astype(slice(logits, {0, 0}, {end - begin, vocab_size}), float32);
  return subtract(logits, logsumexp(logits, -1, true));
}

template <typename T>
std::vector<T> values(const array& a) {
  return {a.data<T>(), a.data<T>() + a.size()};
}

class Run {
 public:
  Run(const LanguageModel& model, const LanguageModel* reference, int worst_tokens)
      : model_(model), reference_(reference), worst_tokens_(size_t(std::max(worst_tokens, 0))) {
    vocab_size_ = model.config().vocab_size;
    if (reference) vocab_size_ = std::min(vocab_size_, reference->config().vocab_size);
  }

  /// Scores all tokens of a piece but its first; `first` is that one's position.
  void add(std::span<const int32_t> piece, int64_t first) {
    const int count = int(piece.size());
    const array tokens(piece.begin(), {1, count}, int32);
    const array own = states(model_, tokens);
    std::optional<array> other;
    if (reference_) other = states(*reference_, tokens);
    for (int begin = 0; begin < count - 1; begin += rows_at_a_time) {
      const int end = std::min(begin + rows_at_a_time, count - 1);
      add_rows(own, other, piece.subspan(size_t(begin) + 1, size_t(end - begin)), begin,
               first + begin + 1);
    }
  }

  double perplexity() const { return std::exp(loss_.mean()); }

  Evaluation result() const {
    Evaluation out;
    out.tokens = loss_.count();
    out.perplexity = perplexity();
    out.standard_error = out.perplexity * loss_.standard_error();
    if (reference_) {
      out.divergence =
          Divergence{divergence_.mean(), divergence_.standard_error(), agreement_.mean(), worst_};
    }
    return out;
  }

 private:
  void add_rows(const array& own, const std::optional<array>& other,
                std::span<const int32_t> targets, int begin, int64_t position) {
    const int rows = int(targets.size());
    const array target(targets.begin(), {rows, 1}, int32);
    const array predicted = log_probabilities(model_, own, begin, begin + rows, vocab_size_);
    array losses = negative(take_along_axis(predicted, target, -1));
    if (!other) {
      losses.eval();
      for (const float loss : values<float>(losses)) loss_.add(loss);
      return;
    }
    const array wanted = log_probabilities(*reference_, *other, begin, begin + rows, vocab_size_);
    const array divergences = sum(multiply(exp(wanted), subtract(wanted, predicted)), -1);
    const array best = astype(argmax(predicted, -1), int32);
    const array reference_best = astype(argmax(wanted, -1), int32);
    eval(losses, divergences, best, reference_best);
    for (const float loss : values<float>(losses)) loss_.add(loss);
    for (int i = 0; i < rows; ++i) {
      // Rounding may leave a little below zero.
      const double kl = std::max(0.0f, divergences.data<float>()[i]);
      const int32_t mine = best.data<int32_t>()[i], theirs = reference_best.data<int32_t>()[i];
      divergence_.add(kl);
      agreement_.add(mine == theirs ? 1 : 0);
      keep({position + i, kl, targets[size_t(i)], mine, theirs});
    }
  }

  void keep(const DivergentToken& token) {
    const auto place =
        std::upper_bound(worst_.begin(), worst_.end(), token,
                         [](const auto& a, const auto& b) { return a.divergence > b.divergence; });
    if (size_t(place - worst_.begin()) >= worst_tokens_) return;
    worst_.insert(place, token);
    if (worst_.size() > worst_tokens_) worst_.pop_back();
  }

  const LanguageModel& model_;
  const LanguageModel* reference_;
  size_t worst_tokens_;
  int vocab_size_;
  RunningMean loss_, divergence_, agreement_;
  std::vector<DivergentToken> worst_;
};

}  // namespace

Evaluation evaluate(const LanguageModel& model, const LanguageModel* reference,
                    std::span<const int32_t> tokens, const EvaluationOptions& options,
                    std::stop_token cancel) {
  check(model, reference, tokens, options);
  Run run(model, reference, options.worst_tokens);
  const auto total = int64_t(tokens.size());
  for (int64_t begin = 0; begin + 1 < total; begin += options.context_length) {
    if (cancel.stop_requested()) {
      Evaluation partial = run.result();
      partial.cancelled = true;
      return partial;
    }
    const int64_t end = std::min(begin + options.context_length, total);
    run.add(tokens.subspan(size_t(begin), size_t(end - begin)), begin);
    if (options.on_progress) options.on_progress(end, total, run.perplexity());
  }
  return run.result();
}

}  // namespace quern::models
