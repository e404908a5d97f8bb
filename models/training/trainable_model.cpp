#include "models/training/trainable_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/nn/random_scope.h"
#include "engine/ops/cast.h"
#include "engine/ops/random.h"
#include "engine/transforms/transforms.h"
#include "models/decoder/transformer.h"
#include "models/error.h"
#include "models/training/initial_weights.h"

namespace quern::models {

namespace {

constexpr const char* quantized_parts[] = {".scales", ".biases", ".global_scale"};

/// Whether what the layer attends to is another layer's, or its own is another's.
bool shares_tokens(const LayerSpec& layer) {
  const auto* attention = std::get_if<AttentionSpec>(&layer.mixer);
  return attention && (attention->lends || attention->attends_to_layer);
}

std::string layer_path(const DecoderSpec& spec, int layer) {
  return fmt::format("{}.{}", spec.layers_name, layer);
}

}  // namespace

TrainableModel::TrainableModel(ModelFiles files, const AdapterConfig& config, Dtype compute)
    : files_(std::move(files)),
      config_(config),
      compute_(compute),
      from_scratch_(files_.weights.empty()) {
  if (from_scratch_ && config.kind != AdapterConfig::Kind::full) {
    throw ModelError(
        fmt::format("[train] {}: holds no weights that an adapter could stand beside",
                    files_.path.string()),
        "Download the model's weights, or train it from scratch with fine_tune_type full.");
  }
  if (config.kind != AdapterConfig::Kind::full) adapter_.emplace(files_, config);
  keep_in_compute_dtype();
}

void TrainableModel::keep_in_compute_dtype() {
  for (const auto& [name, value] : files_.weights) {
    // Whatever a decoder would cast when it is made is cast here, once.
    const bool floats = issubdtype(value.dtype(), floating);
    frozen_.emplace(name, floats ? astype(value, compute_) : value);
  }
  if (adapter_) return;
  for (const std::string& name : trained_weights()) frozen_.erase(name);
}

/// Of full fine-tuning: the last layers' floats, or with all layers everything.
std::vector<std::string> TrainableModel::trained_weights() const {
  const int layers = int(files_.spec.layers.size());
  const int first = config_.num_layers < 0 ? 0 : layers - config_.num_layers;
  if (first < 0 || first == layers) {
    throw ModelError(fmt::format("[train] {} layers are to be trained, but the model has {}",
                                 config_.num_layers, layers),
                     fmt::format("Choose 1 to {} layers, or -1 for all.", layers));
  }
  std::set<std::string> prefixes;
  for (int i = first; i < layers; ++i) prefixes.insert(layer_path(files_.spec, i) + ".");
  std::vector<std::string> names;
  for (const auto& [name, value] : files_.weights) {
    const bool chosen = config_.num_layers < 0 ||
                        std::any_of(prefixes.begin(), prefixes.end(),
                                    [&](const auto& prefix) { return name.starts_with(prefix); });
    if (!chosen) continue;
    for (const char* part : quantized_parts) {
      if (!name.ends_with(part)) continue;
      throw ModelError(
          fmt::format("[train] {}: {} is quantized, and only floats can be trained themselves",
                      files_.path.string(), name.substr(0, name.rfind('.'))),
          "Train a LoRA adapter beside it, or dequantize the model first (convert --dequantize).");
    }
    if (issubdtype(value.dtype(), floating)) names.push_back(name);
  }
  return names;
}

nn::Parameters TrainableModel::initial(uint64_t seed) const {
  if (start_) return *start_;
  if (adapter_) return adapter_->initial(random::key(seed));
  if (from_scratch_) return initial_weights(files_, seed);
  nn::Parameters parameters;
  for (const std::string& name : trained_weights())
    parameters.emplace(name, astype(files_.weights.at(name), float32));
  return parameters;
}

void TrainableModel::start_from(const nn::Parameters& parameters, const std::string& source) {
  const auto refuse = [&](const std::string& name, const std::string& what) {
    throw ModelError(fmt::format("[train] {}: {} {}", source, name, what),
                     "Train the modules and the rank that this adapter has.");
  };
  nn::Parameters start;
  for (const auto& [name, wanted] : initial(0)) {
    const auto found = parameters.find(name);
    if (found == parameters.end()) refuse(name, "is missing");
    if (found->second.shape() != wanted.shape()) {
      refuse(name, fmt::format("has shape {}, but {} is trained", to_string(found->second.shape()),
                               to_string(wanted.shape())));
    }
    start.emplace(name, astype(found->second, float32));
  }
  for (const auto& [name, value] : parameters) {
    if (!start.contains(name)) refuse(name, "is not trained");
  }
  start_ = std::move(start);
}

int64_t TrainableModel::parameters() const {
  if (from_scratch_) return trained_parameters();
  int64_t count = 0;
  for (const auto& [name, value] : files_.weights) {
    if (name.ends_with(".scales") || name.ends_with(".biases") || name.ends_with(".global_scale"))
      continue;
    const auto quantization = value.dtype() == uint32
                                  ? files_.config.quantization.of(name.substr(0, name.rfind('.')))
                                  : std::nullopt;
    count += quantization ? int64_t(value.size()) * 32 / quantization->bits : int64_t(value.size());
  }
  return count;
}

int64_t TrainableModel::trained_parameters() const {
  int64_t count = 0;
  for (const auto& [name, value] : initial(0)) count += int64_t(value.size());
  return count;
}

Weights TrainableModel::weights_with(const nn::Parameters& parameters) const {
  if (adapter_) return frozen_;
  Weights weights = frozen_;
  for (const auto& [name, value] : parameters)
    weights.insert_or_assign(name, astype(value, compute_));
  return weights;
}

UpdateSource TrainableModel::updates_of(const nn::Parameters& parameters, bool training) const {
  return adapter_ ? adapter_->updates(parameters, training) : UpdateSource();
}

std::shared_ptr<const Decoder> TrainableModel::decoder(const nn::Parameters& parameters,
                                                       bool training) const {
  const Weights weights = weights_with(parameters);
  WeightReader reader(weights, files_.config.quantization, compute_, files_.path.string());
  reader.set_update_source(updates_of(parameters, training));
  return std::make_shared<Transformer>(reader, files_.spec);
}

array TrainableModel::base_logits(const array& tokens) const {
  WeightReader reader(frozen_, files_.config.quantization, compute_, files_.path.string());
  return Transformer(reader, files_.spec).logits(tokens);
}

array TrainableModel::logits(const nn::Parameters& parameters, const array& tokens,
                             const std::vector<int>& packed_lengths, bool training,
                             bool recompute) const {
  const auto network = decoder(parameters, training);
  std::vector<Step::Sequence> sequences;
  for (const int length : packed_lengths) sequences.push_back({nullptr, length});
  if (sequences.empty()) sequences.push_back({nullptr, int(tokens.shape(1))});
  Step step(std::move(sequences));
  // Each layer draws from a key of its own, so that it draws the same when it runs again.
  step.run_layer = [&](const Layer& layer, const array& x, Step& of) {
    const array key = nn::RandomScope::next_key();
    if (recompute && !shares_tokens(files_.spec.layers[size_t(of.layer)]))
      return recomputed_layer(parameters, x, of, key, training);
    const nn::RandomScope random(key);
    return layer(x, of);
  };
  return network->head(network->hidden(tokens, step));
}

/// A checkpoint sees only what it is given: the layer is made from its arguments, so that they get
/// their gradients when it runs again.
array TrainableModel::recomputed_layer(const nn::Parameters& parameters, const array& x,
                                       const Step& step, const array& key, bool training) const {
  const int layer = step.layer;
  const LayerSpec& spec = files_.spec.layers[size_t(layer)];
  const std::string path = layer_path(files_.spec, layer);
  nn::Parameters own;
  for (auto at = parameters.lower_bound(path + "."); at != parameters.end(); ++at) {
    if (!at->first.starts_with(path + ".")) break;
    own.insert(*at);
  }
  const bool has_input = !step.layer_inputs.empty();
  const auto run = [this, &spec, path, parameters, own, layer, has_input, training,
                    sequences = step.sequences(),
                    inputs = step.layer_inputs](const Arrays& in) -> Arrays {
    nn::Parameters given = nn::with_values(own, Arrays(in.begin() + 3, in.end()));
    given.insert(parameters.begin(), parameters.end());  // for other layers, which are not made
    const Weights weights = weights_with(given);
    WeightReader reader(weights, files_.config.quantization, compute_, files_.path.string());
    reader.set_update_source(updates_of(given, training));
    const nn::RandomScope random(in[1]);
    Step alone(sequences);
    alone.layer = layer;
    alone.layer_inputs = inputs;
    if (has_input) alone.layer_inputs[size_t(layer)] = in[2];
    return {Layer(reader, path, spec, files_.spec.hidden_size)(in[0], alone)};
  };
  Arrays arguments{x, key, has_input ? step.layer_inputs[size_t(layer)] : array(0.0f)};
  for (const auto& [name, value] : own) arguments.push_back(value);
  return checkpoint(run)(arguments)[0];
}

}  // namespace quern::models
