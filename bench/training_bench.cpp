// Steps of training, beside what the machine's float32 matrix product could do at best: a step that
// did nothing but its products, and these at that speed, would have a fraction_of_peak of 1.

#include <benchmark/benchmark.h>

#include <time.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "bench/synthetic_checkpoint.h"
#include "engine/quern.h"
#include "models/decoder/load_decoder.h"
#include "models/model_files.h"

namespace quern::bench {
namespace {

using models::ModelFiles;
using nn::Parameters;

/// How long something took: on the clock, and as processors worked on it. The latter tells more on
/// a machine that others use too, with one thread (QUERN_NUM_THREADS=1), for threads that wait for
/// each other work as well.
struct Duration {
  double wall, processor;

  static Duration of(const std::function<void()>& work) {
    const double wall = now(CLOCK_MONOTONIC), processor = now(CLOCK_PROCESS_CPUTIME_ID);
    work();
    return {now(CLOCK_MONOTONIC) - wall, now(CLOCK_PROCESS_CPUTIME_ID) - processor};
  }

  void shorten_to(const Duration& other) {
    wall = std::min(wall, other.wall);
    processor = std::min(processor, other.processor);
  }

 private:
  static double now(clockid_t clock) {
    timespec t;
    clock_gettime(clock, &t);
    return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
  }
};

/// Times work in turn with a large square product, so that both see the machine as it is: the
/// fastest of each counts.
class AgainstPeak {
 public:
  void operator()(benchmark::State& state, const std::function<void()>& work) {
    for (auto _ : state) {
      state.PauseTiming();
      for (int i = 0; i < 4; ++i)
        product_.shorten_to(Duration::of([&] { matmul(left_, right_).eval(); }));
      state.ResumeTiming();
      work_.shorten_to(Duration::of(work));
    }
  }

  /// Adds to the counters, where each token costs so many operations.
  void report(benchmark::State& state, double tokens, double operations_per_token) const {
    constexpr double of_product = 2.0 * size * size * size;
    const double relative = tokens * operations_per_token / of_product;
    state.counters["tokens_per_second"] = tokens / work_.wall;
    state.counters["peak_gflops"] = of_product / product_.wall / 1e9;
    state.counters["fraction_of_peak"] = relative * product_.wall / work_.wall;
    state.counters["fraction_by_processor_time"] = relative * product_.processor / work_.processor;
    state.counters["peak_memory"] = double(get_peak_memory());
  }

 private:
  static constexpr int size = 2048;

  array left_ = random::normal({size, size}, float32, random::key(1));
  array right_ = random::normal({size, size}, float32, random::key(2));
  Duration product_{1e9, 1e9}, work_{1e9, 1e9};
};

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

double parameter_count(const CheckpointShape& s) {
  const double query = double(s.heads) * s.head_dim, key = double(s.key_value_heads) * s.head_dim;
  return double(s.vocabulary) * s.hidden +
         s.layers * (double(s.hidden) * (2 * query + 2 * key) + 3.0 * s.hidden * s.feed_forward);
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
  explicit LowRankModel(const CheckpointShape& shape)
      : files_(ModelFiles::open(synthetic_checkpoint(shape))) {
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
  explicit WholeModel(const CheckpointShape& shape)
      : files_(ModelFiles::open(synthetic_checkpoint(shape))) {
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

/// A training of one model, a step at a time.
class Training {
 public:
  Training(const TrainedModel& model, array tokens, Part part)
      : names_(model.parameters()), tokens_(std::move(tokens)), part_(part) {
    const auto loss = [this, &model](const Arrays& values) {
      return model.loss(nn::with_values(names_, values), tokens_);
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

void measure(benchmark::State& state, const TrainedModel& model, const CheckpointShape& shape,
             int rows, double operations_per_parameter) {
  constexpr int columns = 256;
  // The next step asks for the blocks that this one frees.
  const size_t before = set_cache_limit(size_t(4) << 30);
  AgainstPeak against_peak;
  Training training(model, random_tokens(rows, columns, shape.vocabulary), Part(state.range(0)));
  training.run();
  reset_peak_memory();
  against_peak(state, [&] { training.run(); });
  against_peak.report(state, double(rows) * columns,
                      operations_per_parameter * parameter_count(shape));
  set_cache_limit(before);
}

/// Rank 8 beside q_proj and v_proj of a quantized model: per parameter a multiplication and an
/// addition on the way to the loss, and two on the way back.
void low_rank(benchmark::State& state) {
  const CheckpointShape shape = half_billion(int(state.range(1)));
  const double operations = Part(state.range(0)) == Part::forward ? 2 : 4;
  measure(state, LowRankModel(shape), shape, 4, operations);
}
BENCHMARK(low_rank)
    ->ArgNames({"part", "bits"})
    ->ArgsProduct(
        {{int(Part::forward), int(Part::gradient), int(Part::step), int(Part::compiled_step)}, {4}})
    ->Iterations(3)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// All parameters of a small model: those of the gradient come on top.
void from_scratch(benchmark::State& state) {
  const CheckpointShape shape = six_million();
  const double operations = Part(state.range(0)) == Part::forward ? 2 : 6;
  measure(state, WholeModel(shape), shape, 16, operations);
}
BENCHMARK(from_scratch)
    ->ArgName("part")
    ->Arg(int(Part::forward))
    ->Arg(int(Part::gradient))
    ->Arg(int(Part::step))
    ->Arg(int(Part::compiled_step))
    ->Iterations(5)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace quern::bench
