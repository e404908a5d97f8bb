#include "models/training/training_run.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/memory/memory.h"
#include "models/error.h"

namespace quern::models {

namespace {

using nlohmann::json;

/// After so many steps in a row without finite gradients, none will follow.
constexpr int hopeless_steps = 50;

constexpr double pace_memory = 0.9;  ///< how much the time per step remembers of steps before

/// Each step frees and asks for the same blocks: while it lives, more of them are kept than a program
/// at rest would keep, so that the system need not clear them anew.
class RoomForSteps {
 public:
  RoomForSteps() : before_(set_cache_limit(std::min(get_memory_limit() / 4, size_t(4) << 30))) {}
  ~RoomForSteps() {
    set_cache_limit(before_);
    clear_cache();
  }
  RoomForSteps(const RoomForSteps&) = delete;
  RoomForSteps& operator=(const RoomForSteps&) = delete;

 private:
  size_t before_;
};

json finite(double x) { return std::isfinite(x) ? json(x) : json(); }

/// Everything between a run's beginning and its end.
class Run {
 public:
  Run(const TrainableModel& model, const TrainingOptions& options, BatchSource& train,
      BatchSource* valid, TrainingFolder& folder, const TrainingWatch& watch)
      : model_(model),
        options_(options),
        train_(train),
        valid_(valid && options.steps_per_eval > 0 ? valid : nullptr),
        folder_(folder),
        watch_(watch),
        trainer_(model, options_, train) {}

  TrainingOutcome operator()() {
    if (const auto last = folder_.last_checkpoint()) {
      resume(*last);
    } else {
      folder_.forget_after(-1);
    }
    if (trainer_.iteration() == 0) validate();
    while (!is_done()) {
      if (watch_.stop.stop_requested()) {
        save();
        return outcome(TrainingOutcome::End::stopped);
      }
      step();
      if (is_done() || trainer_.iteration() % std::max(1, options_.steps_per_eval) == 0) validate();
      if (trainer_.iteration() % options_.save_every == 0 || is_done()) save();
    }
    if (saved_at_ != trainer_.iteration()) save();
    return outcome(is_stale() ? TrainingOutcome::End::early_stopped
                              : TrainingOutcome::End::finished);
  }

 private:
  bool is_stale() const {
    return options_.early_stopping_patience > 0 && stale_ >= options_.early_stopping_patience;
  }

  bool is_done() const {
    if (is_stale()) return true;
    if (options_.epochs && !train_.batches_per_epoch())
      return double(train_.position().epoch) >= *options_.epochs;
    return trainer_.iteration() >= iterations();
  }

  int64_t iterations() const {
    if (!options_.epochs) return options_.iters;
    const auto batches = train_.batches_per_epoch();
    if (!batches) return 0;
    const double steps =
        *options_.epochs * double(*batches) / double(options_.grad_accumulation_steps);
    return std::max<int64_t>(1, int64_t(std::ceil(steps)));
  }

  void resume(const std::filesystem::path& file) {
    TrainingCheckpoint checkpoint = load_checkpoint(file, trainer_.state());
    folder_.forget_after(checkpoint.state.iteration);
    const json& run = checkpoint.run;
    if (run.contains("best_loss") && run["best_loss"].is_number()) {
      best_loss_ = run["best_loss"].get<double>();
      best_iteration_ = run.value("best_iteration", int64_t(0));
    }
    stale_ = run.value("stale_validations", 0);
    saved_at_ = checkpoint.state.iteration;
    trainer_.restore(std::move(checkpoint.state));
  }

  void step() {
    const StepReport report = trainer_.step();
    hopeless_ = report.skipped ? hopeless_ + 1 : 0;
    if (hopeless_ == hopeless_steps) {
      throw ModelError(
          fmt::format("[train] loss or gradients were not finite in {} steps in a row, up to {}",
                      hopeless_steps, report.iteration),
          "Lower the learning rate, or train in float32.");
    }
    pace_ = pace_ > 0 ? pace_memory * pace_ + (1 - pace_memory) * report.seconds : report.seconds;
    add(report);
    if (report.iteration % options_.steps_per_report == 0 || is_done()) publish(report);
  }

  /// To the means of the next report. A step that was not finite has none.
  void add(const StepReport& report) {
    seconds_ += report.seconds;
    tokens_ += report.tokens;
    ++steps_;
    if (report.skipped) return;
    loss_ += report.loss;
    margin_ += report.margin;
    accuracy_ += report.accuracy;
    ++finite_steps_;
  }

  void publish(const StepReport& last) {
    TrainingProgress progress;
    progress.step = last;
    if (finite_steps_ > 0) {
      progress.step.loss = loss_ / double(finite_steps_);
      progress.step.margin = margin_ / double(finite_steps_);
      progress.step.accuracy = accuracy_ / double(finite_steps_);
    }
    const TrainerState& state = trainer_.state();
    progress.iterations = iterations();
    progress.trained_tokens = state.trained_tokens;
    progress.skipped_steps = state.skipped_steps;
    progress.epoch = state.position.epoch;
    progress.iterations_per_second = double(steps_) / seconds_;
    progress.tokens_per_second = double(tokens_) / seconds_;
    progress.active_memory = get_active_memory();
    progress.peak_memory = get_peak_memory();
    if (progress.iterations > 0)
      progress.seconds_left = pace_ * double(progress.iterations - last.iteration);
    json line = progress.to_json();
    if (options_.objective != TrainingOptions::Objective::tokens) {
      line["reward_margin"] = progress.step.margin;
      line["reward_accuracy"] = progress.step.accuracy;
    }
    folder_.log(line);
    if (watch_.report) watch_.report(progress);
    seconds_ = loss_ = margin_ = accuracy_ = 0;
    tokens_ = steps_ = finite_steps_ = 0;
  }

  void validate() {
    if (!valid_) return;
    ValidationProgress progress{.iteration = trainer_.iteration(),
                                .report = trainer_.validate(*valid_, options_.val_batches)};
    progress.is_best =
        std::isfinite(progress.report.loss) && (!best_loss_ || progress.report.loss < *best_loss_);
    if (progress.is_best) {
      best_loss_ = progress.report.loss;
      best_iteration_ = progress.iteration;
      stale_ = 0;
      folder_.save_result(model_, trainer_.state().parameters, options_, false);
    } else {
      ++stale_;
    }
    folder_.log(progress.to_json());
    if (watch_.report) watch_.report(progress);
  }

  void save() {
    const TrainerState& state = trainer_.state();
    json run = {{"best_loss", best_loss_ ? json(*best_loss_) : json()},
                {"best_iteration", best_iteration_.value_or(0)},
                {"stale_validations", stale_}};
    folder_.save({state, std::move(run)});
    // The result is the best one; without a held-out set, the last.
    folder_.save_result(model_, state.parameters, options_, valid_ != nullptr);
    saved_at_ = state.iteration;
    if (watch_.report) watch_.report(CheckpointSaved{state.iteration});
  }

  TrainingOutcome outcome(TrainingOutcome::End end) const {
    return {end, trainer_.iteration(), best_loss_, best_iteration_};
  }

  const TrainableModel& model_;
  const TrainingOptions options_;
  BatchSource& train_;
  BatchSource* valid_;
  TrainingFolder& folder_;
  const TrainingWatch& watch_;
  Trainer trainer_;

  std::optional<double> best_loss_;
  std::optional<int64_t> best_iteration_;
  int stale_ = 0;  ///< validations since the best
  int64_t saved_at_ = -1;
  int hopeless_ = 0;  ///< steps in a row that were not finite
  double pace_ = 0;   ///< seconds per step, lately

  // Since the last report.
  double seconds_ = 0, loss_ = 0, margin_ = 0, accuracy_ = 0;
  int64_t tokens_ = 0, steps_ = 0, finite_steps_ = 0;
};

}  // namespace

json TrainingProgress::to_json() const {
  return {{"iteration", step.iteration},
          {"train_loss", finite(step.loss)},
          {"learning_rate", step.learning_rate},
          {"grad_norm", finite(step.grad_norm)},
          {"iterations_per_second", iterations_per_second},
          {"tokens_per_second", tokens_per_second},
          {"trained_tokens", trained_tokens},
          {"peak_memory", double(peak_memory) / 1e9},
          {"active_memory", double(active_memory) / 1e9},
          {"skipped_steps", skipped_steps},
          {"epoch", epoch},
          {"seconds_left", seconds_left ? finite(*seconds_left) : json()}};
}

json ValidationProgress::to_json() const {
  return {{"iteration", iteration},
          {"val_loss", finite(report.loss)},
          {"val_time", report.seconds},
          {"is_best", is_best}};
}

TrainingOutcome run_training(const TrainableModel& model, const TrainingOptions& options,
                             BatchSource& train, BatchSource* valid, TrainingFolder& folder,
                             const TrainingWatch& watch) {
  const RoomForSteps room;
  return Run(model, options, train, valid, folder, watch)();
}

}  // namespace quern::models
