#include "tests/models/generate/reference_sampling.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace quern::models::tests {

namespace {

using Weights = std::vector<double>;  // 0: dropped

double total(const Weights& weights) {
  return std::accumulate(weights.begin(), weights.end(), 0.0);
}

std::vector<size_t> by_weight(const Weights& weights) {
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return weights[a] > weights[b]; });
  return order;
}

Weights top_p(const Weights& probabilities, double p) {
  Weights kept(probabilities.size(), 0);
  double above = 0;
  for (const size_t token : by_weight(probabilities)) {
    if (above >= p) break;
    kept[token] = probabilities[token];
    above += probabilities[token];
  }
  return kept;
}

Weights min_p(Weights weights, double least) {
  const double best = *std::max_element(weights.begin(), weights.end());
  for (double& w : weights) w = w >= best * least ? w : 0;
  return weights;
}

Weights top_k(const Weights& weights, int k) {
  Weights kept(weights.size(), 0);
  const auto order = by_weight(weights);
  for (size_t i = 0; i < std::min(order.size(), size_t(k)); ++i) kept[order[i]] = weights[order[i]];
  return kept;
}

Weights exclude_top(Weights weights, double threshold,
                    const std::vector<int32_t>& protected_tokens) {
  const double sum = total(weights);
  double least_good = INFINITY;
  for (const double w : weights) {
    if (w / sum > threshold) least_good = std::min(least_good, w);
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    const bool is_protected = std::find(protected_tokens.begin(), protected_tokens.end(),
                                        int32_t(i)) != protected_tokens.end();
    if (weights[i] > least_good && !is_protected) weights[i] = 0;
  }
  return weights;
}

Weights tempered(Weights weights, double temperature) {
  const double best = *std::max_element(weights.begin(), weights.end());
  for (double& w : weights) w = std::pow(w / best, 1 / temperature);
  const double sum = total(weights);
  for (double& w : weights) w /= sum;
  return weights;
}

}  // namespace

std::vector<double> penalized(const std::vector<float>& logits, const std::vector<int32_t>& history,
                              const SamplingOptions& options) {
  std::vector<double> out(logits.begin(), logits.end());
  for (const auto& [id, bias] : options.logit_bias) out[size_t(id)] += bias;
  std::map<int32_t, int> counts;
  const size_t window =
      options.penalty_window > 0 ? size_t(options.penalty_window) : history.size();
  for (size_t i = history.size() - std::min(window, history.size()); i < history.size(); ++i) {
    ++counts[history[i]];
  }
  for (const auto& [id, count] : counts) {
    double& logit = out[size_t(id)];
    logit = logit < 0 ? logit * options.repetition_penalty : logit / options.repetition_penalty;
    logit -= options.presence_penalty + double(options.frequency_penalty) * count;
  }
  return out;
}

std::vector<double> distribution(const std::vector<float>& logits,
                                 const std::vector<int32_t>& history,
                                 const SamplingOptions& options,
                                 const std::vector<int32_t>& protected_tokens) {
  const auto scores = penalized(logits, history, options);
  const auto best = std::max_element(scores.begin(), scores.end());
  Weights weights(scores.size(), 0);
  if (options.temperature == 0) {
    weights[size_t(best - scores.begin())] = 1;
    return weights;
  }
  for (size_t i = 0; i < scores.size(); ++i) weights[i] = std::exp(scores[i] - *best);
  const double sum = total(weights);
  for (double& w : weights) w /= sum;

  if (options.top_p < 1) weights = top_p(weights, options.top_p);
  weights = min_p(weights, options.min_p);
  const int k = options.top_k > 0 ? options.top_k : int(weights.size());
  Weights out = tempered(top_k(weights, k), options.temperature);
  if (options.xtc_probability > 0) {
    const Weights excluded =
        tempered(top_k(exclude_top(weights, options.xtc_threshold, protected_tokens), k),
                 options.temperature);
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] += options.xtc_probability * (excluded[i] - out[i]);
    }
  }
  return out;
}

}  // namespace quern::models::tests
