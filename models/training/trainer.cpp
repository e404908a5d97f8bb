#include "models/training/trainer.h"

#include <chrono>
#include <cmath>

#include "engine/graph/eval.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/random.h"
#include "engine/transforms/compile.h"
#include "models/error.h"

namespace quern::models {

namespace {

/// Gradients of float16 are kept in its range by a factor, which is halved when it proves too large
/// and doubled after so many steps.
constexpr double first_loss_scale = 65536;
constexpr int64_t steps_per_loss_scale = 1000;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The key of what is drawn in one batch of one step.
array key_of(uint64_t seed, int64_t iteration, int batch) {
  const uint64_t step = uint64_t(iteration) * 0x9e3779b97f4a7c15u + uint64_t(batch);
  return random::key(seed ^ (step * 0xbf58476d1ce4e5b9u + 0x94d049bb133111ebu));
}

TrainerState beginning(const TrainableModel& model, uint64_t seed) {
  TrainerState state;
  state.parameters = model.initial(seed);
  return state;
}

array times(const array& x, double factor) { return multiply(x, array(float(factor), x.dtype())); }

}  // namespace

Trainer::Trainer(const TrainableModel& model, const TrainingOptions& options, BatchSource& data)
    : model_(model),
      options_(options),
      data_(data),
      state_(beginning(model, options.seed)),
      functions_(model, options, state_.parameters) {
  eval(nn::values_of(state_.parameters));
  state_.optimizer = functions_.first_state(state_.parameters);
  if (options.compute == float16) state_.loss_scale = first_loss_scale;
  compiled_gradients_ = compile(functions_.gradients({}));
  compiled_loss_ = compile(functions_.loss({}, false));
  compiled_update_ = compile(functions_.update());
}

Arrays Trainer::arguments(const LossInput& input, const array& key) const {
  if (state_.parameters.empty()) {
    throw ModelError("[train] memory ran out while parameters were replaced",
                     "Go on from the last checkpoint, with a smaller batch or model.");
  }
  return TrainingFunctions::arguments(state_.parameters, input.tokens, input.supervised, key,
                                      array(float(state_.loss_scale)));
}

/// Of all of the step's batches: their mean, weighted by what each is a mean over.
Trainer::Gradients Trainer::accumulated() {
  Gradients total;
  for (int i = 0; i < options_.grad_accumulation_steps; ++i) {
    const Batch batch = data_.next();
    const LossInput input(batch);
    if (input.weight == 0) continue;
    const Arrays in = arguments(input, key_of(options_.seed, state_.iteration, i));
    // The lengths of packed sequences are part of the graph, and hardly ever the same again.
    Arrays out =
        batch.packed ? functions_.gradients(input.packed_lengths)(in) : compiled_gradients_(in);
    const double weight = double(input.weight);
    Arrays wanted(out.begin(), out.begin() + 3), gradients;
    size_t at = 3;
    for (const auto& [name, value] : state_.parameters) {
      const array gradient =
          options_.grad_accumulation_steps == 1 ? out[at] : times(out[at], weight);
      const auto [place, is_new] = total.values.emplace(name, gradient);
      if (!is_new) place->second = add(place->second, gradient);
      gradients.push_back(place->second);
      ++at;
    }
    for (const size_t number : functions_.backward_order()) wanted.push_back(gradients[number]);
    out.clear();
    eval(wanted);
    total.loss += weight * double(wanted[0].item<float>()) / state_.loss_scale;
    total.margin += weight * double(wanted[1].item<float>());
    total.accuracy += weight * double(wanted[2].item<float>());
    total.weight += input.weight;
    total.tokens += batch.supervised_tokens();
  }
  if (total.weight == 0) return total;
  const double all = double(total.weight);
  const double factor =
      1.0 / (state_.loss_scale * (options_.grad_accumulation_steps == 1 ? 1.0 : all));
  if (factor != 1.0) {
    for (auto& [name, value] : total.values) value = times(value, factor);
  }
  total.loss /= all;
  total.margin /= all;
  total.accuracy /= all;
  return total;
}

StepReport Trainer::step() {
  const auto start = std::chrono::steady_clock::now();
  const DataPosition before = data_.position();
  try {
    Gradients gradients = accumulated();
    StepReport report{.iteration = state_.iteration + 1,
                      .loss = gradients.loss,
                      .tokens = gradients.tokens,
                      .margin = gradients.margin,
                      .accuracy = gradients.accuracy};
    report.skipped = true;
    if (gradients.weight > 0) {
      const double bound = options_.max_grad_norm > 0 ? options_.max_grad_norm : 1e30;
      auto [clipped, norm] = optim::clip_grad_norm(gradients.values, bound);
      gradients.values.clear();
      report.grad_norm = double(norm.item<float>());
      report.skipped = !std::isfinite(report.grad_norm) || !std::isfinite(report.loss);
      if (!report.skipped) update(std::move(clipped));
      adapt_loss_scale(!report.skipped);
    }
    const auto rate = state_.optimizer.find("learning_rate");
    report.learning_rate =
        rate == state_.optimizer.end() ? 0.0 : double(rate->second.item<float>());
    ++state_.iteration;
    state_.trained_tokens += report.tokens;
    state_.skipped_steps += report.skipped;
    report.seconds = seconds_since(start);
    return report;
  } catch (...) {
    data_.seek(before);
    throw;
  }
}

void Trainer::update(nn::Parameters gradients) {
  Arrays in = nn::values_of(state_.parameters);
  for (const nn::Parameters* part : {&gradients, &state_.optimizer}) {
    for (const auto& [name, value] : *part) in.push_back(value);
  }
  const nn::Parameters names = names_alone(state_.parameters),
                       state_names = names_alone(state_.optimizer);
  const Arrays out = compiled_update_(in);
  // Nobody else holds what was before: it goes, parameter by parameter, as the new comes.
  for (nn::Parameters* part : {&gradients, &state_.parameters, &state_.optimizer}) part->clear();
  in.clear();
  eval(out);
  const auto middle = out.begin() + ptrdiff_t(names.size());
  state_.parameters = nn::with_values(names, Arrays(out.begin(), middle));
  state_.optimizer = nn::with_values(state_names, Arrays(middle, out.end()));
}

void Trainer::adapt_loss_scale(bool finite) {
  if (options_.compute != float16) return;
  if (!finite) {
    state_.loss_scale = std::max(1.0, state_.loss_scale / 2);
    state_.steps_at_loss_scale = 0;
  } else if (++state_.steps_at_loss_scale == steps_per_loss_scale) {
    state_.loss_scale *= 2;
    state_.steps_at_loss_scale = 0;
  }
}

ValidationReport Trainer::validate(BatchSource& source, int batches) {
  const auto start = std::chrono::steady_clock::now();
  source.seek({});
  ValidationReport report;
  double weight = 0;
  for (int i = 0; batches < 0 || i < batches; ++i) {
    if (source.position().epoch > 0) break;
    const Batch batch = source.next();
    const LossInput input(batch);
    if (input.weight == 0) continue;
    const Arrays in = arguments(input, random::key(0));
    const Arrays out =
        batch.packed ? functions_.loss(input.packed_lengths, false)(in) : compiled_loss_(in);
    eval(out);
    report.loss += double(input.weight) * double(out[0].item<float>()) / state_.loss_scale;
    report.accuracy += double(input.weight) * double(out[2].item<float>());
    weight += double(input.weight);
    report.tokens += batch.supervised_tokens();
  }
  // Of nothing there is no loss, above all no best one: 0 / 0.
  report.loss /= weight;
  report.accuracy /= weight;
  report.seconds = seconds_since(start);
  return report;
}

const TrainerState& Trainer::state() const {
  state_.position = data_.position();
  return state_;
}

void Trainer::restore(TrainerState state) {
  eval(nn::values_of(state.parameters));
  eval(nn::values_of(state.optimizer));
  data_.seek(state.position);
  state_ = std::move(state);
}

}  // namespace quern::models
