#pragma once

#include <filesystem>
#include <optional>

#include "engine/nn/module.h"
#include "engine/optim/schedulers.h"

/// Optimizers: new parameters from old ones and gradients. Names, defaults, state and arithmetic
/// are those of MLX's Python package mlx.optimizers, so that a training goes on where MLX's
/// stopped.
namespace quern::optim {

using nn::Parameters;

/// A number, or one that depends on the step.
class LearningRate {
 public:
  LearningRate(double value) : value_(value) {}
  LearningRate(float value) : value_(double(value)) {}
  template <typename S>
  requires std::is_invocable_r_v<array, S, const array&> LearningRate(S schedule)
      : schedule_(std::move(schedule)) {}

  const Schedule& schedule() const { return schedule_; }
  array at(const array& step) const;

 private:
  double value_ = 0;
  Schedule schedule_;
};

/// Anything that updates parameters, and whose whole memory is a map of named arrays: saved and put
/// back, it goes on bit by bit as if it had not been interrupted; and since reading and replacing
/// the state evaluates nothing, a step may run inside compile(), with the state's arrays among the
/// inputs and outputs:
///
///     [&](const Arrays& in) {
///       optimizer.set_state(with_values(names, in)); ... optimizer.update(model, gradients);
///       return values_of(optimizer.state());
///     }
///
/// and afterwards set_state() takes what the compiled function returned. Evaluate the state with
/// the parameters after each step: its graph grows otherwise.
class AnyOptimizer {
 public:
  virtual ~AnyOptimizer() = default;

  /// Makes the state of parameters that have none yet. A step does the same for its gradients.
  virtual void init(const Parameters& parameters) = 0;

  /// The parameters that the gradients name, after one step; `parameters` may hold more. Throws
  /// std::invalid_argument when one is missing or its shape differs.
  virtual Parameters apply_gradients(const Parameters& gradients, const Parameters& parameters) = 0;

  /// ... put into the model.
  void update(nn::Module& model, const Parameters& gradients);

  /// "step" (uint64), "learning_rate" and "PARAMETER.SLOT": what mlx.utils.tree_flatten makes of
  /// MLX's state.
  virtual Parameters state() const = 0;
  virtual void set_state(const Parameters& state) = 0;

  /// The state as a safetensors file. Loading throws std::invalid_argument for a file without one.
  void save_state(const std::filesystem::path& file) const;
  void load_state(const std::filesystem::path& file);

  virtual array learning_rate() const = 0;
  /// For the steps to come, unless there is a schedule.
  virtual void set_learning_rate(const array& learning_rate) = 0;
};

/// An optimizer that treats each parameter by itself: what the concrete ones derive from.
class Optimizer : public AnyOptimizer {
 public:
  void init(const Parameters& parameters) override;
  Parameters apply_gradients(const Parameters& gradients, const Parameters& parameters) override;
  Parameters state() const override;
  void set_state(const Parameters& state) override;

  /// How many steps were taken.
  const array& step() const { return step_; }
  /// That of the last step. Throws std::invalid_argument when there is none.
  array learning_rate() const override;
  void set_learning_rate(const array& learning_rate) override { learning_rate_ = learning_rate; }

 protected:
  /// A parameter's part of the state.
  using Slots = std::map<std::string, array>;

  explicit Optimizer(std::optional<LearningRate> learning_rate);

  virtual Slots init_single(const array& parameter) const = 0;
  /// The new parameter; updates the slots. step() counts this step already.
  virtual array apply_single(const array& gradient, const array& parameter, Slots& slots) const = 0;

  /// The learning rate in the gradient's dtype.
  array rate_for(const array& gradient) const;

 private:
  array step_;
  std::optional<array> learning_rate_;
  Schedule schedule_;
  std::map<std::string, Slots> slots_;
};

/// Several optimizers, each for the parameters that its filter takes: the first that does, and the
/// last, which has no filter, for the rest. State: "states.0.step", ....
class MultiOptimizer final : public AnyOptimizer {
 public:
  using Filter = std::function<bool(const std::string& name, const array& gradient)>;

  /// Throws std::invalid_argument unless there is one filter less than optimizers.
  MultiOptimizer(std::vector<std::shared_ptr<AnyOptimizer>> optimizers,
                 std::vector<Filter> filters = {});

  void init(const Parameters& parameters) override;
  Parameters apply_gradients(const Parameters& gradients, const Parameters& parameters) override;
  Parameters state() const override;
  /// Throws std::invalid_argument for a name that is not of one of the optimizers.
  void set_state(const Parameters& state) override;

  /// The first optimizer's.
  array learning_rate() const override { return optimizers_[0]->learning_rate(); }
  /// Every optimizer's.
  void set_learning_rate(const array& learning_rate) override;

 private:
  std::vector<Parameters> divided(const Parameters& gradients) const;

  std::vector<std::shared_ptr<AnyOptimizer>> optimizers_;
  std::vector<Filter> filters_;
};

/// The gradients, scaled down where the norm of all together (float32) exceeds max_norm; and that
/// norm. Throws std::invalid_argument for max_norm < 0.
std::pair<Parameters, array> clip_grad_norm(const Parameters& gradients, double max_norm);

}  // namespace quern::optim
