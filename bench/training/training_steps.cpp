// Steps of training: a step that did nothing but its matrix products, and these at the float32
// peak, would be at its limit.

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "bench/models/synthetic_checkpoint.h"
#include "bench/suite/sections.h"
#include "bench/training/training_step.h"
#include "engine/quern.h"
#include "models/decoder/load_decoder.h"
#include "models/model_files.h"

namespace quern::bench {
namespace {

using models::ModelFiles;
using nn::Parameters;

/// Token rows of `columns` inputs and the targets after them.
array random_tokens(int rows, int columns, int vocabulary) {
  array tokens = random::randint(0, vocabulary, {rows, columns + 1}, int32, random::key(3));
  tokens.eval();
  return tokens;
}

array mean_loss(const models::Decoder& decoder, const array& tokens) {
  const int rows = tokens.shape(0), columns = tokens.shape(1);
  const array logits = decoder.logits(slice(tokens, {0, 0}, {rows, columns - 1}));
  return nn::losses::cross_entropy(logits, slice(tokens, {0, 1}, {rows, columns}), std::nullopt, -1,
                                   0, nn::Reduction::mean);
}

/// A model whose loss depends on some parameters: those of low rank beside its weights, or the
/// weights themselves.
class TrainedModel {
 public:
  virtual ~TrainedModel() = default;
  virtual const Parameters& parameters() const = 0;
  virtual array loss(const Parameters& parameters, const array& tokens) const = 0;
};

/// Rank 8 beside every q_proj and v_proj.
class LowRankModel final : public TrainedModel {
 public:
  LowRankModel(const ModelShape& shape, const StoredAs& stored)
      : files_(ModelFiles::open(synthetic_checkpoint(shape, stored))) {
    random::KeySequence keys(4);
    const int query = shape.heads * shape.head_dim, key = shape.key_value_heads * shape.head_dim;
    for (int i = 0; i < shape.layers; ++i) {
      const std::string attention = "model.layers." + std::to_string(i) + ".self_attn.";
      for (const auto& [name, out] : {std::pair("q_proj", query), std::pair("v_proj", key)}) {
        const std::string path = attention + name;
        parameters_.emplace(path + ".down", random::normal({rank, shape.hidden}, float32, 0.0f,
                                                           0.02f, keys.next()));
        parameters_.emplace(path + ".up", zeros({out, rank}));
      }
    }
  }

  const Parameters& parameters() const override { return parameters_; }

  array loss(const Parameters& parameters, const array& tokens) const override {
    const auto updates = [&](const models::AdaptableModule& module,
                             const models::StoredWeight&) -> models::LowRankUpdates {
      const auto down = parameters.find(module.path + ".down");
      if (down == parameters.end()) return {};
      return {{.down = down->second, .up = parameters.at(module.path + ".up"), .scale = 2}};
    };
    return mean_loss(*models::load_decoder(files_.weights, files_.spec, files_.config.quantization,
                                           true, files_.path.string(), updates),
                     tokens);
  }

 private:
  static constexpr int rank = 8;

  ModelFiles files_;
  Parameters parameters_;
};

/// Every weight, as floats.
class WholeModel final : public TrainedModel {
 public:
  explicit WholeModel(const ModelShape& shape)
      : files_(ModelFiles::open(synthetic_checkpoint(shape, {.bits = 16}))) {
    for (const auto& [name, weight] : files_.weights)
      parameters_.emplace(name, astype(weight, float32));
  }

  const Parameters& parameters() const override { return parameters_; }

  array loss(const Parameters& parameters, const array& tokens) const override {
    return mean_loss(*models::load_decoder(parameters, files_.spec, files_.config.quantization,
                                           true, files_.path.string()),
                     tokens);
  }

 private:
  ModelFiles files_;
  Parameters parameters_;
};

/// What is timed of a step.
enum class Part { forward, gradient, step, compiled_step };
constexpr std::pair<Part, const char*> parts[] = {{Part::forward, "forward"},
                                                  {Part::gradient, "gradient"},
                                                  {Part::step, "step"},
                                                  {Part::compiled_step, "compiled_step"}};

/// A training of one model, a step at a time.
class Training {
 public:
  Training(std::shared_ptr<const TrainedModel> model, array tokens, Part part)
      : names_(model->parameters()), tokens_(std::move(tokens)), part_(part) {
    const auto loss = [this, model](const Arrays& values) {
      return model->loss(nn::with_values(names_, values), tokens_);
    };
    std::vector<int> all(names_.size());
    std::iota(all.begin(), all.end(), 0);
    loss_ = loss;
    gradient_ = value_and_grad(std::function<array(const Arrays&)>(loss), all);
    values_ = nn::values_of(names_);
    optimizer_.init(names_);
    state_ = optimizer_.state();
    if (part == Part::compiled_step)
      compiled_ = compile([this](const Arrays& in) { return step(in); });
    eval(values_);
  }

  void run() {
    if (part_ == Part::forward) return eval(loss_(values_));
    if (part_ == Part::gradient) {
      auto [loss, gradients] = gradient_(values_);
      gradients.push_back(loss);
      return eval(std::move(gradients));
    }
    Arrays in = values_;
    const Arrays state = nn::values_of(state_);
    in.insert(in.end(), state.begin(), state.end());
    values_.clear();
    state_ = with_none(state_);
    Arrays out = compiled_ ? compiled_(in) : step(in);
    in.clear();
    eval(out);
    out.pop_back();
    const auto middle = out.begin() + ptrdiff_t(names_.size());
    values_.assign(out.begin(), middle);
    state_ = nn::with_values(state_, Arrays(middle, out.end()));
  }

 private:
  /// The names alone: an array that nobody holds may be written over.
  static Parameters with_none(const Parameters& named) {
    return nn::with_values(named, Arrays(named.size(), array(0.0f)));
  }

  /// Parameters and the optimizer's state -> the same after the step, and the loss.
  Arrays step(const Arrays& in) {
    const auto middle = in.begin() + ptrdiff_t(names_.size());
    const Arrays values(in.begin(), middle);
    optimizer_.set_state(nn::with_values(state_, Arrays(middle, in.end())));
    const auto [loss, gradients] = gradient_(values);
    const Parameters updated = optimizer_.apply_gradients(nn::with_values(names_, gradients),
                                                          nn::with_values(names_, values));
    Arrays out = nn::values_of(updated);
    const Arrays state = nn::values_of(optimizer_.state());
    out.insert(out.end(), state.begin(), state.end());
    out.push_back(loss);
    return out;
  }

  Parameters names_, state_;
  array tokens_;
  Part part_;
  Arrays values_;
  optim::AdamW optimizer_{1e-4};
  std::function<array(const Arrays&)> loss_;
  SimpleValueAndGradFn gradient_;
  std::function<Arrays(const Arrays&)> compiled_;
};

constexpr int columns = 256;

/// The model is made of `shape`, and reads so many rows at a time.
std::shared_ptr<Training> training_of(std::shared_ptr<const TrainedModel> model,
                                      const ModelShape& shape, int rows, Part part) {
  return std::make_shared<Training>(std::move(model),
                                    random_tokens(rows, columns, shape.vocabulary), part);
}

/// operations_per_parameter: with each token.
Work steps(std::shared_ptr<const TrainedModel> model, const ModelShape& shape, int rows, Part part,
           double operations_per_parameter) {
  const auto training = training_of(std::move(model), shape, rows, part);
  const double count = double(rows) * columns;
  return {
      .unit = tokens,
      .amount = count,
      .bound = Cost{.float32_operations = count * operations_per_parameter * shape.parameters()},
      .run = timed([training] { training->run(); })};
}

}  // namespace

std::function<void()> small_training_step() {
  const ModelShape shape = six_million();
  const auto training =
      training_of(std::make_shared<WholeModel>(shape), shape, 16, Part::compiled_step);
  return [training] { training->run(); };
}

void training_steps(Suite& suite) {
  // A step asks for the blocks that the one before freed.
  const size_t before = set_cache_limit(size_t(4) << 30);
  for (const auto& [part, name] : parts) {
    // Rank 8 beside q_proj and v_proj of a quantized model: per parameter a multiplication and an
    // addition on the way to the loss, and two on the way back.
    suite.measure(std::string("training/low_rank/0.5b-4bit_g64/") + name, [&, part = part] {
      const ModelShape shape = half_billion();
      return steps(std::make_shared<LowRankModel>(shape, StoredAs{4, 64}), shape, 4, part,
                   part == Part::forward ? 2 : 4);
    });
  }
  for (const auto& [part, name] : parts) {
    // All parameters of a small model: those of the gradient come on top.
    suite.measure(std::string("training/from_scratch/6m/") + name, [&, part = part] {
      const ModelShape shape = six_million();
      return steps(std::make_shared<WholeModel>(shape), shape, 16, part,
                   part == Part::forward ? 2 : 6);
    });
  }
  set_cache_limit(before);
}

}  // namespace quern::bench
