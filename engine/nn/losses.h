#pragma once

#include <optional>

#include "engine/array/array.h"

namespace quern::nn {

/// What becomes of the losses of the examples: their array, their mean or their sum.
enum class Reduction { none, mean, sum };

/// Distances between what a model says and what it should have said. All throw
/// std::invalid_argument, naming themselves and the shapes, for arrays that do not fit.
namespace losses {

/// -log softmax(logits) of the target class. logits: [..., C, ...] with the classes along the axis;
/// targets: class indices of the other axes' shape, or probabilities of logits' shape. weights: one
/// per loss. label_smoothing in [0, 1) is the share of the target that goes to all classes alike.
array cross_entropy(const array& logits, const array& targets,
                    const std::optional<array>& weights = std::nullopt, int axis = -1,
                    float label_smoothing = 0.0f, Reduction reduction = Reduction::none);

/// -(t log p + (1 - t) log(1 - p)), where inputs are p, or its logits. Logarithms are not less than
/// -100. weights: one per loss.
array binary_cross_entropy(const array& inputs, const array& targets,
                           const std::optional<array>& weights = std::nullopt,
                           bool with_logits = true, Reduction reduction = Reduction::mean);

/// |p - t|.
array l1_loss(const array& predictions, const array& targets,
              Reduction reduction = Reduction::mean);
/// (p - t)^2.
array mse_loss(const array& predictions, const array& targets,
               Reduction reduction = Reduction::mean);
/// Minus the input (a log-probability) of the target class.
array nll_loss(const array& inputs, const array& targets, int axis = -1,
               Reduction reduction = Reduction::none);
/// -log of the normal density of the targets given means and variances (not less than eps); its
/// constant term only if `full`.
array gaussian_nll_loss(const array& inputs, const array& targets, const array& vars,
                        bool full = false, float eps = 1e-6f,
                        Reduction reduction = Reduction::mean);
/// The divergence of inputs from targets, both log-probabilities: sum of exp(t) (t - i) over the
/// axis.
array kl_div_loss(const array& inputs, const array& targets, int axis = -1,
                  Reduction reduction = Reduction::none);
/// d^2 / (2 beta) where d = |p - t| < beta, else d - beta / 2.
array smooth_l1_loss(const array& predictions, const array& targets, float beta = 1.0f,
                     Reduction reduction = Reduction::mean);
/// max(|a - p| - |a - n| + margin, 0), by the p-norm over the axis.
array triplet_loss(const array& anchors, const array& positives, const array& negatives,
                   int axis = -1, int p = 2, float margin = 1.0f, float eps = 1e-6f,
                   Reduction reduction = Reduction::none);
/// max(1 - i t, 0), targets -1 or 1.
array hinge_loss(const array& inputs, const array& targets, Reduction reduction = Reduction::none);
/// d^2 / 2 where d = |i - t| <= delta, else delta (d - delta / 2).
array huber_loss(const array& inputs, const array& targets, float delta = 1.0f,
                 Reduction reduction = Reduction::none);
/// log cosh(i - t).
array log_cosh_loss(const array& inputs, const array& targets,
                    Reduction reduction = Reduction::none);
/// The cosine of the angle between x1 and x2; the product of their norms is not less than eps.
array cosine_similarity_loss(const array& x1, const array& x2, int axis = 1, float eps = 1e-8f,
                             Reduction reduction = Reduction::none);
/// max(-t (i1 - i2) + margin, 0), targets -1 or 1.
array margin_ranking_loss(const array& inputs1, const array& inputs2, const array& targets,
                          float margin = 0.0f, Reduction reduction = Reduction::none);

}  // namespace losses

}  // namespace quern::nn
