#include "models/training/memory_forecast.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>

#include "engine/memory/memory.h"
#include "engine/ops/arithmetic.h"
#include "engine/optim/optimizer.h"
#include "engine/transforms/dry_run.h"
#include "models/training/training_functions.h"

namespace quern::models {

namespace {

using Moment = MemoryForecast::Moment;

constexpr const char* of_weights = "weights";
constexpr const char* of_parameters = "parameters";
constexpr const char* of_optimizer = "optimizer";
constexpr const char* of_gradients = "gradients";
constexpr const char* of_losses = "losses";  // and the batch: small

array shape_only(Shape shape, Dtype dtype) {
  return array::placeholder(std::move(shape), dtype, 0);
}

nn::Parameters shapes_of(const nn::Parameters& parameters) {
  nn::Parameters shapes;
  for (const auto& [name, value] : parameters)
    shapes.emplace(name, shape_only(value.shape(), value.dtype()));
  return shapes;
}

/// A training's first steps, without the computing.
class DryTraining {
 public:
  DryTraining(const TrainableModel& model, const TrainingOptions& options)
      : parameters_(shapes_of(model.initial(options.seed))),
        functions_(model, options, parameters_),
        state_(shapes_of(functions_.first_state(parameters_))),
        vocab_size_(model.files().spec.vocab_size) {
    run_.hold(nn::values_of(parameters_), of_parameters);
    run_.hold(nn::values_of(state_), of_optimizer);
    run_.eval(nn::values_of(model.frozen()), {of_weights}, nn::values_of(model.files().weights));
  }

  void validate(const BatchShape& batch) {
    const Arrays out = outputs(functions_.loss(lengths_of(batch), false), batch);
    run_.eval(out, {of_losses});
    run_.release(out);
    look(Moment::validation, batch);
  }

  /// Gradients of a batch, added to those of the batches before.
  void differentiate(const BatchShape& batch) {
    Arrays out = outputs(functions_.gradients(lengths_of(batch)), batch);
    Arrays wanted(out.begin(), out.begin() + 3);
    std::vector<std::string> labels(3, of_losses);
    size_t at = 3;
    for (const auto& [name, sum] : gradients_) {
      out[at] = add(sum, multiply(out[at], array(1.0f)));
      ++at;
    }
    for (const size_t number : functions_.backward_order()) wanted.push_back(out[3 + number]);
    labels.resize(wanted.size(), of_gradients);
    run_.release(nn::values_of(gradients_));
    run_.eval(wanted, labels);
    run_.release(Arrays(out.begin(), out.begin() + 3));
    gradients_ = nn::with_values(parameters_, Arrays(out.begin() + 3, out.end()));
    look(Moment::gradients, batch);
  }

  void update() {
    auto [clipped, norm] = optim::clip_grad_norm(gradients_, 1.0);
    run_.eval({norm}, {of_losses});
    Arrays in = nn::values_of(parameters_);
    for (const nn::Parameters* part : {&clipped, &state_}) {
      for (const auto& [name, value] : *part) in.push_back(value);
    }
    // What is clipped is computed only with the rest, but stands where inputs do.
    const Arrays out = run_.compiled(functions_.update(), in, of_weights);
    for (const nn::Parameters* part : {&parameters_, &gradients_, &state_})
      run_.release(nn::values_of(*part));
    std::vector<std::string> labels(parameters_.size(), of_parameters);
    labels.resize(out.size(), of_optimizer);
    run_.eval(out, labels);
    look(Moment::update, batch_);
  }

  MemoryForecast forecast() const {
    MemoryForecast forecast{
        .moment = moment_, .batch = batch_, .peak = run_.peak(), .mapped = run_.mapped()};
    for (const DryRun::Block& block : run_.at_peak()) part_of(block, forecast) += block.bytes;
    return forecast;
  }

 private:
  Arrays outputs(const TrainingFunctions::Function& fun, const BatchShape& batch) {
    const Shape shape{batch.rows, batch.columns};
    const Arrays given{shape_only(shape, int32), shape_only(shape, float32),
                       shape_only({2}, uint32), shape_only({}, float32)};
    run_.hold(given, of_losses);
    const Arrays in =
        TrainingFunctions::arguments(parameters_, given[0], given[1], given[2], given[3]);
    const Arrays out = batch.packed ? fun(in) : run_.compiled(fun, in, of_weights);
    run_.release(given);
    return out;
  }

  static std::vector<int> lengths_of(const BatchShape& batch) {
    return batch.packed ? std::vector<int>{batch.columns - 1} : std::vector<int>{};
  }

  void look(Moment moment, const BatchShape& batch) {
    if (run_.peak() == peak_) return;
    peak_ = run_.peak();
    moment_ = moment;
    batch_ = batch;
  }

  size_t& part_of(const DryRun::Block& block, MemoryForecast& forecast) const {
    if (!block.is_array) return forecast.working;
    if (block.label == of_weights) return forecast.weights;
    if (block.label == of_parameters) return forecast.parameters;
    if (block.label == of_optimizer) return forecast.optimizer;
    if (block.label == of_gradients) return forecast.gradients;
    const bool is_logits = !block.shape.empty() && block.shape.back() == vocab_size_;
    return is_logits ? forecast.logits : forecast.activations;
  }

  nn::Parameters parameters_;
  TrainingFunctions functions_;
  nn::Parameters state_, gradients_;
  const int vocab_size_;
  DryRun run_;
  Moment moment_ = Moment::gradients;
  BatchShape batch_;
  size_t peak_ = 0;
};

/// Bytes that the system says it can give, or none where it does not say.
std::optional<size_t> available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string name, rest; file >> name; std::getline(file, rest)) {
    size_t kilobytes = 0;
    if (name == "MemAvailable:" && file >> kilobytes) return kilobytes * 1024;
  }
  return std::nullopt;
}

const char* name_of(Moment moment) {
  return moment == Moment::gradients ? "gradients"
         : moment == Moment::update  ? "update"
                                     : "validation";
}

/// The parts under their names in JSON and for people.
struct Part {
  const char* name;
  const char* text;
  size_t MemoryForecast::*bytes;
};
constexpr Part parts[] = {
    {"mapped_weights", "weights in mapped files", &MemoryForecast::mapped},
    {"weights", "copies of weights", &MemoryForecast::weights},
    {"parameters", "trained parameters", &MemoryForecast::parameters},
    {"optimizer", "the optimizer", &MemoryForecast::optimizer},
    {"gradients", "gradients", &MemoryForecast::gradients},
    {"activations", "activations", &MemoryForecast::activations},
    {"logits", "logits", &MemoryForecast::logits},
    {"working", "working memory", &MemoryForecast::working},
};

}  // namespace

nlohmann::ordered_json MemoryForecast::to_json() const {
  nlohmann::ordered_json json = {{"total", total()}, {"peak", peak}};
  for (const Part& part : parts) json[part.name] = this->*part.bytes;
  json["moment"] = name_of(moment);
  json["rows"] = batch.rows;
  json["columns"] = batch.columns;
  return json;
}

std::string MemoryForecast::summary() const {
  std::vector<std::string> texts;
  for (const Part& part : parts) {
    // What would not show in the sum is not worth a word.
    if (this->*part.bytes * 100 < total()) continue;
    texts.push_back(fmt::format("{} {}", memory_text(this->*part.bytes), part.text));
  }
  return fmt::format("{} of memory are needed: {}", memory_text(total()), fmt::join(texts, ", "));
}

MemoryForecast forecast_memory(const TrainableModel& model, const TrainingOptions& options,
                               const BatchShape& train, const std::optional<BatchShape>& valid) {
  DryTraining training(model, options);
  if (valid && options.steps_per_eval > 0) training.validate(*valid);
  training.differentiate(train);
  if (options.grad_accumulation_steps > 1) training.differentiate(train);
  training.update();
  return training.forecast();
}

size_t memory_at_hand() {
  const size_t limit = get_memory_limit(), active = get_active_memory();
  const size_t left = limit > active ? limit - active : 0;
  const auto available = available_memory();
  // What the engine keeps for itself to use again is there as well.
  return available ? std::min(left, *available + get_cache_memory()) : left;
}

std::string memory_text(size_t bytes) {
  if (bytes < 1'000'000) return fmt::format("{} kB", (bytes + 999) / 1000);
  if (bytes < 1'000'000'000) return fmt::format("{} MB", (bytes + 999'999) / 1'000'000);
  return fmt::format("{:.1f} GB", double(bytes) / 1e9);
}

}  // namespace quern::models
