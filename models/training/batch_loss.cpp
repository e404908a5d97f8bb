#include "models/training/batch_loss.h"

#include "engine/nn/losses.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"

namespace quern::models {

namespace {

array columns(const array& x, int begin, int end) {
  return slice(x, {0, begin}, {x.shape(0), end});
}

/// -log p of each next token, [B, T - 1], float32.
array token_losses(const array& logits, const array& tokens) {
  const array targets = columns(tokens, 1, tokens.shape(1));
  return nn::losses::cross_entropy(astype(logits, float32), targets);
}

/// The two halves of a batch of pairs.
struct Pairs {
  explicit Pairs(const array& rows)
      : chosen(slice(rows, {0}, {rows.shape(0) / 2})),
        rejected(slice(rows, {rows.shape(0) / 2}, {rows.shape(0)})) {}
  array chosen, rejected;
  array difference() const { return subtract(chosen, rejected); }
};

/// -log sigmoid(x)
array minus_log_sigmoid(const array& x) { return logaddexp(negative(x), array(0.0f)); }

/// Log-probability of each row's supervised tokens, [B].
array row_log_probabilities(const array& losses, const array& mask) {
  return negative(sum(multiply(losses, mask), 1));
}

BatchLoss of_margins(const array& margins, const array& loss) {
  return {loss, stop_gradient(mean(margins)),
          stop_gradient(mean(astype(greater(margins, array(0.0f)), float32)))};
}

BatchLoss dpo_loss(const array& log_probabilities, const array& reference, float beta) {
  const array margins =
      subtract(Pairs(log_probabilities).difference(), Pairs(reference).difference());
  return of_margins(margins, mean(minus_log_sigmoid(multiply(array(beta), margins))));
}

/// The loss of the chosen answers' tokens, and of the odds of saying them rather than the others.
BatchLoss orpo_loss(const array& losses, const array& mask, float beta) {
  const array counts = maximum(sum(mask, 1), array(1.0f));
  const array means = divide(row_log_probabilities(losses, mask), counts);
  // A probability of 1 has no finite odds.
  const array bounded = minimum(means, array(-1e-6f));
  const array log_odds = subtract(bounded, log(negative(expm1(bounded))));
  const array margins = Pairs(log_odds).difference();
  const array half = array(float(losses.shape(0) / 2));
  const array chosen = Pairs(row_log_probabilities(losses, mask)).chosen;
  const array likelihood = divide(negative(sum(chosen)), sum(Pairs(counts).chosen));
  const array odds = divide(sum(minus_log_sigmoid(margins)), half);
  return of_margins(margins, add(likelihood, multiply(array(beta), odds)));
}

}  // namespace

LossInput::LossInput(const Batch& batch)
    : tokens(batch.tokens.begin(), {batch.rows, batch.columns}, int32),
      supervised(batch.supervised.begin(), {batch.rows, batch.columns}, float32),
      weight(batch.has_pairs ? batch.rows / 2 : batch.supervised_tokens()) {
  if (!batch.packed) return;
  packed_lengths = batch.lengths;
  // The very last token is only predicted.
  if (--packed_lengths.back() == 0) packed_lengths.pop_back();
}

BatchLoss batch_loss(const TrainableModel& model, const TrainingOptions& options,
                     const nn::Parameters& parameters, const array& tokens, const array& supervised,
                     const std::vector<int>& packed_lengths, bool training) {
  const int count = tokens.shape(1);
  const array read = columns(tokens, 0, count - 1), mask = columns(supervised, 1, count);
  const array losses = token_losses(
      model.logits(parameters, read, packed_lengths, training, options.grad_checkpoint), tokens);
  switch (options.objective) {
    case TrainingOptions::Objective::dpo: {
      const array reference = token_losses(model.base_logits(read), tokens);
      return dpo_loss(row_log_probabilities(losses, mask),
                      stop_gradient(row_log_probabilities(reference, mask)), options.beta);
    }
    case TrainingOptions::Objective::orpo:
      return orpo_loss(losses, mask, options.beta);
    case TrainingOptions::Objective::tokens:
      break;
  }
  const array all = maximum(sum(mask), array(1.0f));
  return {divide(sum(multiply(losses, mask)), all), array(0.0f), array(0.0f)};
}

}  // namespace quern::models
