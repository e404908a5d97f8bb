#include "models/training/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/graph/eval.h"
#include "engine/nn/random_scope.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/random.h"
#include "engine/transforms/compile.h"
#include "engine/transforms/transforms.h"
#include "models/adapters/module_choice.h"
#include "models/error.h"
#include "models/training/optimizer_choice.h"

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

/// The parameters in the order in which gradients reach them: the head's, then the last layer's. In
/// this order they are evaluated, so that what a gradient is made from is soon let go: in another
/// one, all layers' inner results would wait for theirs, computed again or not.
std::vector<std::string> backward_order(const nn::Parameters& parameters, const DecoderSpec& spec) {
  std::vector<std::pair<int, std::string>> places;
  for (const auto& [name, value] : parameters) {
    const auto place = place_in_layers(name, spec);
    const int outside = name.starts_with(spec.embedding_name) ? -1 : int(spec.layers.size());
    places.emplace_back(place ? place->layer : outside, name);
  }
  std::stable_sort(places.begin(), places.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> names;
  for (auto& [layer, name] : places) names.push_back(std::move(name));
  return names;
}

array times(const array& x, double factor) { return multiply(x, array(float(factor), x.dtype())); }

}  // namespace

Trainer::Trainer(const TrainableModel& model, const TrainingOptions& options, BatchSource& data)
    : model_(model), options_(options), data_(data), optimizer_(make_optimizer(options)) {
  state_.parameters = model.initial(options.seed);
  if (state_.parameters.empty()) {
    throw ModelError("[train] no parameters are chosen to be trained", "Choose other layers.");
  }
  backward_order_ = backward_order(state_.parameters, model.files().spec);
  eval(nn::values_of(state_.parameters));
  optimizer_->init(state_.parameters);
  state_.optimizer = optimizer_->state();
  if (options.compute == float16) state_.loss_scale = first_loss_scale;
  compiled_gradients_ = compile(gradient_function({}));
  compiled_loss_ = compile(loss_function({}, false));
  compiled_update_ = compile([this](const Arrays& in) {
    const auto part = [&](const nn::Parameters& names, size_t from) {
      return nn::with_values(
          names, Arrays(in.begin() + ptrdiff_t(from), in.begin() + ptrdiff_t(from + names.size())));
    };
    const size_t count = state_.parameters.size();
    optimizer_->set_state(part(state_.optimizer, 2 * count));
    Arrays out = nn::values_of(
        optimizer_->apply_gradients(part(state_.parameters, count), part(state_.parameters, 0)));
    for (const auto& [name, value] : optimizer_->state()) out.push_back(value);
    return out;
  });
}

/// Of parameters, tokens, supervised, a key and the loss scale: the loss, times the scale, the
/// margin and the accuracy.
Trainer::Function Trainer::loss_function(std::vector<int> packed_lengths, bool training) const {
  return [this, packed_lengths = std::move(packed_lengths), training](const Arrays& in) {
    const auto last = in.end() - 4;
    const nn::Parameters parameters = nn::with_values(state_.parameters, Arrays(in.begin(), last));
    const nn::RandomScope random(last[2]);
    const BatchLoss loss =
        batch_loss(model_, options_, parameters, last[0], last[1], packed_lengths, training);
    return Arrays{multiply(loss.loss, last[3]), loss.margin, loss.accuracy};
  };
}

/// The same, followed by the gradients.
Trainer::Function Trainer::gradient_function(std::vector<int> packed_lengths) const {
  std::vector<int> argnums;
  for (size_t i = 0; i < state_.parameters.size(); ++i) argnums.push_back(int(i));
  const auto both = value_and_grad(loss_function(std::move(packed_lengths), true), argnums);
  return [both](const Arrays& in) {
    auto [out, gradients] = both(in);
    out.insert(out.end(), gradients.begin(), gradients.end());
    return out;
  };
}

Arrays Trainer::arguments(const LossInput& input, const array& key) const {
  Arrays in = nn::values_of(state_.parameters);
  in.insert(in.end(), {input.tokens, input.supervised, key, array(float(state_.loss_scale))});
  return in;
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
        batch.packed ? gradient_function(input.packed_lengths)(in) : compiled_gradients_(in);
    const double weight = double(input.weight);
    size_t at = 3;
    Arrays wanted(out.begin(), out.begin() + 3);
    for (const auto& [name, value] : state_.parameters) {
      const array gradient =
          options_.grad_accumulation_steps == 1 ? out[at] : times(out[at], weight);
      const auto [place, is_new] = total.values.emplace(name, gradient);
      if (!is_new) place->second = add(place->second, gradient);
      ++at;
    }
    for (const std::string& name : backward_order_) wanted.push_back(total.values.at(name));
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
      if (!report.skipped) update(clipped);
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

void Trainer::update(const nn::Parameters& gradients) {
  Arrays in = nn::values_of(state_.parameters);
  for (const nn::Parameters* part :
       {&gradients, static_cast<const nn::Parameters*>(&state_.optimizer)}) {
    for (const auto& [name, value] : *part) in.push_back(value);
  }
  const Arrays out = compiled_update_(in);
  eval(out);
  const auto middle = out.begin() + ptrdiff_t(state_.parameters.size());
  state_.parameters = nn::with_values(state_.parameters, Arrays(out.begin(), middle));
  state_.optimizer = nn::with_values(state_.optimizer, Arrays(middle, out.end()));
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
        batch.packed ? loss_function(input.packed_lengths, false)(in) : compiled_loss_(in);
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
