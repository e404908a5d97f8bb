#include "models/training/training_functions.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>

#include "engine/nn/random_scope.h"
#include "engine/ops/arithmetic.h"
#include "engine/transforms/transforms.h"
#include "models/error.h"
#include "models/training/optimizer_choice.h"

namespace quern::models {

TrainingFunctions::TrainingFunctions(const TrainableModel& model, const TrainingOptions& options,
                                     const nn::Parameters& parameters)
    : model_(model),
      options_(options),
      optimizer_(make_optimizer(options)),
      names_(names_alone(parameters)) {
  if (parameters.empty()) {
    throw ModelError("[train] no parameters are chosen to be trained", "Choose other layers.");
  }
  state_names_ = names_alone(first_state(parameters));
}

nn::Parameters TrainingFunctions::first_state(const nn::Parameters& parameters) const {
  const auto optimizer = make_optimizer(options_);
  optimizer->init(parameters);
  return optimizer->state();
}

TrainingFunctions::Function TrainingFunctions::loss(std::vector<int> packed_lengths,
                                                    bool training) const {
  return [this, packed_lengths = std::move(packed_lengths), training](const Arrays& in) {
    const auto last = in.end() - 4;
    const nn::Parameters parameters = nn::with_values(names_, Arrays(in.begin(), last));
    const nn::RandomScope random(last[2]);
    const BatchLoss loss =
        batch_loss(model_, options_, parameters, last[0], last[1], packed_lengths, training);
    return Arrays{multiply(loss.loss, last[3]), loss.margin, loss.accuracy};
  };
}

TrainingFunctions::Function TrainingFunctions::gradients(std::vector<int> packed_lengths) const {
  std::vector<int> argnums;
  for (size_t i = 0; i < names_.size(); ++i) argnums.push_back(int(i));
  const auto both = value_and_grad(loss(std::move(packed_lengths), true), argnums);
  return [both](const Arrays& in) {
    auto [out, gradients] = both(in);
    out.insert(out.end(), gradients.begin(), gradients.end());
    return out;
  };
}

std::vector<size_t> TrainingFunctions::backward_order() const {
  const DecoderSpec& spec = model_.files().spec;
  const std::string layers = spec.layers_name + ".";
  const auto depth = [&](const std::string& name) {
    if (name.starts_with(layers)) return std::atoi(name.c_str() + layers.size());
    const bool follows = name.starts_with(spec.norm_name) || name.starts_with(spec.head_name);
    return follows ? std::numeric_limits<int>::max() : -1;
  };
  std::vector<std::pair<int, size_t>> order;
  for (const auto& [name, value] : names_) order.emplace_back(-depth(name), order.size());
  std::sort(order.begin(), order.end());
  std::vector<size_t> numbers;
  for (const auto& [negative_depth, number] : order) numbers.push_back(number);
  return numbers;
}

TrainingFunctions::Function TrainingFunctions::update() {
  return [this](const Arrays& in) {
    const auto part = [&](const nn::Parameters& names, size_t from) {
      const auto first = in.begin() + ptrdiff_t(from);
      return nn::with_values(names, Arrays(first, first + ptrdiff_t(names.size())));
    };
    const size_t count = names_.size();
    optimizer_->set_state(part(state_names_, 2 * count));
    Arrays out = nn::values_of(optimizer_->apply_gradients(part(names_, count), part(names_, 0)));
    for (const auto& [name, value] : optimizer_->state()) out.push_back(value);
    optimizer_->set_state(state_names_);
    return out;
  };
}

Arrays TrainingFunctions::arguments(const nn::Parameters& parameters, const array& tokens,
                                    const array& supervised, const array& key,
                                    const array& loss_scale) {
  Arrays in = nn::values_of(parameters);
  in.insert(in.end(), {tokens, supervised, key, loss_scale});
  return in;
}

nn::Parameters names_alone(const nn::Parameters& named) {
  return nn::with_values(named, Arrays(named.size(), array(0.0f)));
}

}  // namespace quern::models
