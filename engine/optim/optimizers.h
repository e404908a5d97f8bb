#pragma once

#include "engine/optim/optimizer.h"

namespace quern::optim {

// In the formulas w is the parameter, g its gradient and r the learning rate; slots are named as in
// the state. Everything is computed in the gradient's dtype. Constructors throw
// std::invalid_argument for numbers outside the ranges they give.

/// g += weight_decay w; v = momentum v + (1 - dampening) g; w -= r v, or r (g + momentum v) when
/// nesterov, which needs a momentum and no dampening. Slot: v.
class SGD final : public Optimizer {
 public:
  explicit SGD(LearningRate learning_rate, double momentum = 0.0, double weight_decay = 0.0,
               double dampening = 0.0, bool nesterov = false);

 protected:
  Slots init_single(const array& parameter) const override;
  array apply_single(const array& gradient, const array& parameter, Slots& slots) const override;

 private:
  double momentum_, weight_decay_, dampening_;
  bool nesterov_;
};

/// v = alpha v + (1 - alpha) g^2; w -= r g / (sqrt(v) + eps) (Tieleman & Hinton 2012). Slot: v.
/// alpha >= 0, eps > 0.
class RMSprop final : public Optimizer {
 public:
  explicit RMSprop(LearningRate learning_rate, double alpha = 0.99, double eps = 1e-8);

 protected:
  Slots init_single(const array& parameter) const override;
  array apply_single(const array& gradient, const array& parameter, Slots& slots) const override;

 private:
  double alpha_, eps_;
};

/// v += g^2; w -= r g / (sqrt(v) + eps) (Duchi, Hazan & Singer 2011). Slot: v. eps > 0.
class Adagrad final : public Optimizer {
 public:
  explicit Adagrad(LearningRate learning_rate, double eps = 1e-8);

 protected:
  Slots init_single(const array& parameter) const override;
  array apply_single(const array& gradient, const array& parameter, Slots& slots) const override;

 private:
  double eps_;
};

/// v = rho v + (1 - rho) g^2; d = sqrt(u + eps) / sqrt(v + eps) g; u = rho u + (1 - rho) d^2;
/// w -= r d (Zeiler 2012). Slots: v, u. rho >= 0, eps > 0.
class AdaDelta final : public Optimizer {
 public:
  explicit AdaDelta(LearningRate learning_rate, double rho = 0.9, double eps = 1e-6);

 protected:
  Slots init_single(const array& parameter) const override;
  array apply_single(const array& gradient, const array& parameter, Slots& slots) const override;

 private:
  double rho_, eps_;
};

/// The coefficients of two running averages, each in [0, 1).
using Betas = std::pair<double, double>;

/// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= r m / (sqrt(v) + eps) (Kingma & Ba 2015).
/// With bias_correction m is divided by 1 - b1^t and v by 1 - b2^t at step t. Slots: m, v.
/// eps >= 0.
class Adam : public Optimizer {
 public:
  explicit Adam(LearningRate learning_rate, Betas betas = {0.9, 0.999}, double eps = 1e-8,
                bool bias_correction = false);

 protected:
  Slots init_single(const array& parameter) const override;
  array apply_single(const array& gradient, const array& parameter, Slots& slots) const override;

 private:
  Betas betas_;
  double eps_;
  bool bias_correction_;
};

/// Adam on w (1 - r weight_decay) (Loshchilov & Hutter 2019).
class AdamW final : public Adam {
 public:
  explicit AdamW(LearningRate learning_rate, Betas betas = {0.9, 0.999}, double eps = 1e-8,
                 double weight_decay = 0.01, bool bias_correction = false);

 protected:
  array apply_single(const array& gradient, const array& parameter, Slots& slots) const override;

 private:
  double weight_decay_;
};

/// m = b1 m + (1 - b1) g; v = max(b2 v, |g|); w -= r m / (v + eps), without bias correction (Kingma
/// & Ba 2015). Slots: m, v. eps >= 0.
class Adamax final : public Optimizer {
 public:
  explicit Adamax(LearningRate learning_rate, Betas betas = {0.9, 0.999}, double eps = 1e-8);

 protected:
  Slots init_single(const array& parameter) const override;
  array apply_single(const array& gradient, const array& parameter, Slots& slots) const override;

 private:
  Betas betas_;
  double eps_;
};

/// c = b1 m + (1 - b1) g; m = b2 m + (1 - b2) g; w = w (1 - r weight_decay) - r sign(c) (Chen et
/// al. 2023). Slot: m.
class Lion final : public Optimizer {
 public:
  explicit Lion(LearningRate learning_rate, Betas betas = {0.9, 0.99}, double weight_decay = 0.0);

 protected:
  Slots init_single(const array& parameter) const override;
  array apply_single(const array& gradient, const array& parameter, Slots& slots) const override;

 private:
  Betas betas_;
  double weight_decay_;
};

/// Adafactor's choices, under the names of MLX's keyword arguments.
struct AdafactorOptions {
  std::optional<LearningRate> learning_rate = std::nullopt;  ///< needed without relative_step
  std::pair<double, double> eps{1e-30, 1e-3};  ///< of g^2; the least scale of a parameter
  double clip_threshold = 1.0;                 ///< of the update's root mean square
  double decay_rate = -0.8;
  std::optional<double> beta_1 = std::nullopt;  ///< of a running average of the updates, if any
  double weight_decay = 0.0;
  bool scale_parameter = true;  ///< r times the parameter's root mean square
  bool relative_step = true;    ///< r = min(0.01, 1 / sqrt(t))
  bool warmup_init = false;     ///< ... min(1e-6 t, 1 / sqrt(t))
};

/// Adam's second moment as an outer product of its rows' and columns' means (Shazeer & Stern 2018).
/// Slots: exp_avg_sq_row and exp_avg_sq_col, or for fewer than 2 axes exp_avg_sq; exp_avg with
/// beta_1.
class Adafactor final : public Optimizer {
 public:
  explicit Adafactor(const AdafactorOptions& options = {});

 protected:
  Slots init_single(const array& parameter) const override;
  array apply_single(const array& gradient, const array& parameter, Slots& slots) const override;

 private:
  array rate(const array& parameter_rms) const;
  array normalized(const array& gradient, Slots& slots) const;

  AdafactorOptions options_;
};

/// The momentum of a matrix, made nearly orthogonal by Newton-Schulz steps (Jordan 2024); arrays of
/// more axes count as matrices of their first axis, vectors take the momentum itself.
/// g += weight_decay w; v = momentum v + (1 - momentum) g. Slot: v.
class Muon final : public Optimizer {
 public:
  explicit Muon(LearningRate learning_rate, double momentum = 0.95, double weight_decay = 0.01,
                bool nesterov = true, int ns_steps = 5);

 protected:
  Slots init_single(const array& parameter) const override;
  array apply_single(const array& gradient, const array& parameter, Slots& slots) const override;

 private:
  double momentum_, weight_decay_;
  bool nesterov_;
  int ns_steps_;
};

}  // namespace quern::optim
