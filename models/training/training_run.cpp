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

/// Each step frees and asks for the same blocks: while it lives, more of them are kept than a
/// program at rest would keep, so that the system need not clear them anew.
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

/// Of the steps since the last report. They outlive a pause, so that a report's means do.
struct Sums {
  double seconds = 0, loss = 0, margin = 0, accuracy = 0;
  int64_t tokens = 0, steps = 0, finite_steps = 0;

  /// A step that was not finite has no loss.
  void add(const StepReport& report) {
    seconds += report.seconds;
    tokens += report.tokens;
    ++steps;
    if (report.skipped) return;
    loss += report.loss;
    margin += report.margin;
    accuracy += report.accuracy;
    ++finite_steps;
  }

  json to_json() const {
    return {{"seconds", seconds},          {"loss", loss},     {"margin", margin},
            {"accuracy", accuracy},        {"tokens", tokens}, {"steps", steps},
            {"finite_steps", finite_steps}};
  }
  static Sums from_json(const json& stored) {
    return {.seconds = stored.value("seconds", 0.0),
            .loss = stored.value("loss", 0.0),
            .margin = stored.value("margin", 0.0),
            .accuracy = stored.value("accuracy", 0.0),
            .tokens = stored.value("tokens", int64_t(0)),
            .steps = stored.value("steps", int64_t(0)),
            .finite_steps = stored.value("finite_steps", int64_t(0))};
  }
};

/// Everything between a run's beginning and its end.
class Run {
 public:
  Run(const TrainableModel& model, const TrainingOptions& options, BatchSource& train,
      BatchSource* valid, TrainingFolder& folder, const TrainingWatch& watch)
      : model_(model),
        options_(options.in_steps(train.batches_per_epoch())),
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
      validate();
    }
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
    // Where they are not so many steps for certain.
    if (options_.epochs) return double(train_.position().epoch) >= *options_.epochs;
    return trainer_.iteration() >= options_.iters;
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
    sums_ = Sums::from_json(run.value("since_report", json::object()));
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
    sums_.add(report);
    if (report.iteration % options_.steps_per_report == 0 || is_done()) publish(report);
  }

  void publish(const StepReport& last) {
    TrainingProgress progress;
    progress.step = last;
    if (sums_.finite_steps > 0) {
      progress.step.loss = sums_.loss / double(sums_.finite_steps);
      progress.step.margin = sums_.margin / double(sums_.finite_steps);
      progress.step.accuracy = sums_.accuracy / double(sums_.finite_steps);
    }
    const TrainerState& state = trainer_.state();
    progress.iterations = options_.epochs ? 0 : options_.iters;
    progress.trained_tokens = state.trained_tokens;
    progress.skipped_steps = state.skipped_steps;
    progress.epoch = state.position.epoch;
    progress.iterations_per_second = double(sums_.steps) / sums_.seconds;
    progress.tokens_per_second = double(sums_.tokens) / sums_.seconds;
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
    sums_ = {};
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
                {"stale_validations", stale_},
                {"since_report", sums_.to_json()}};
    // The result is the best one; without a held-out set, the last. It comes before the checkpoint:
    // a crash between the two is made good by taking the steps again.
    folder_.save_result(model_, state.parameters, options_, valid_ != nullptr);
    folder_.save({state, std::move(run)});
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
  Sums sums_;
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
