#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "models/language_model.h"

namespace quern::models {

struct EvaluationOptions {
  int context_length = 512;  ///< tokens are read in pieces of so many, each without a past
  int worst_tokens = 10;     ///< how many of the most divergent tokens to report
  /// Called after each piece with the tokens scored so far and their perplexity; may be empty.
  std::function<void(int64_t done, int64_t total, double perplexity)> on_progress = {};
};

/// A token whose prediction differs from the reference's.
struct DivergentToken {
  int64_t position;        ///< in the tokens that were given
  double divergence;       ///< nats
  int32_t token;           ///< what comes there
  int32_t best;            ///< what the model holds likeliest
  int32_t reference_best;  ///< what the reference does
};

/// How far a model's predictions are from a reference's.
struct Divergence {
  double mean_kl = 0;         ///< Kullback-Leibler divergence from the reference, nats per token
  double standard_error = 0;  ///< of mean_kl
  double top1_agreement = 0;  ///< part of the tokens where both hold the same one likeliest
  std::vector<DivergentToken> worst;  ///< largest first
};

struct Evaluation {
  int64_t tokens = 0;                    ///< scored: the first of each piece has nothing before it
  double perplexity = 0;                 ///< exp of the mean negative log-likelihood
  double standard_error = 0;             ///< of the perplexity, by the delta method
  std::optional<Divergence> divergence;  ///< with a reference
  bool cancelled = false;                ///< the figures are of what was read until then
};

/// Perplexity of a model on tokens, and with a reference its divergence from that, in one pass over
/// both. Memory is bounded by one piece, not by the number of tokens.
///
/// Throws ModelError: fewer than two tokens, a token outside either vocabulary, a context length
/// below 2 or above the model's.
Evaluation evaluate(const LanguageModel& model, const LanguageModel* reference,
                    std::span<const int32_t> tokens, const EvaluationOptions& options = {},
                    std::stop_token cancel = {});

}  // namespace quern::models
