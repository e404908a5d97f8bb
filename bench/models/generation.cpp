// Reading a prompt and writing an answer with models of real shapes and random weights, as the
// program's users see it.
//
// A decoded token reads all weights and the caches once; many sequences together and prompts are
// bound by arithmetic: products of bytes with quantized weights, of floats with float weights and
// where the model is to be exact.

#include <fmt/format.h>

#include <chrono>
#include <numeric>
#include <thread>

#include "bench/models/synthetic_checkpoint.h"
#include "bench/peers/llama.h"
#include "bench/suite/sections.h"
#include "bench/training/training_step.h"
#include "models/generate/generator.h"

namespace quern::bench {

namespace {

using models::GenerationRequest;
using models::LanguageModel;

/// A model that is loaded when something is first measured with it.
class LazyModel {
 public:
  LazyModel(ModelShape shape, StoredAs stored, bool exact)
      : shape_(std::move(shape)), stored_(stored), exact_(exact) {}

  std::string name() const { return shape_.name + "-" + stored_.name() + (exact_ ? "-exact" : ""); }
  const ModelShape& shape() const { return shape_; }
  const StoredAs& stored() const { return stored_; }
  double weight_bytes() const { return shape_.parameters() * stored_.bytes_per_parameter(); }

  std::shared_ptr<const LanguageModel> get() {
    if (!model_)
      model_ = LanguageModel::load(synthetic_checkpoint(shape_, stored_), {.exact = exact_});
    return model_;
  }

  /// Of so many multiplications and additions.
  Cost arithmetic(double operations) const {
    if (exact_ || stored_.bits == 16) return {.float32_operations = operations};
    return {.int8_operations = operations};
  }

  /// The caches' numbers are as wide as what the model computes in.
  double cache_bytes_per_token() const { return shape_.cache_bytes_per_token() * (exact_ ? 2 : 1); }

 private:
  ModelShape shape_;
  StoredAs stored_;
  bool exact_;
  std::shared_ptr<const LanguageModel> model_;
};

GenerationRequest request(int prompt, int answer) {
  GenerationRequest r;
  r.prompt.resize(size_t(prompt));
  std::iota(r.prompt.begin(), r.prompt.end(), 1000);
  r.sampling.temperature = 0;
  r.max_tokens = answer;
  r.stop_at_eos = false;
  return r;
}

/// A prompt, up to the first token of its answer.
Work prefill(LazyModel& model, int length) {
  const auto generator = std::make_shared<models::Generator>(model.get());
  const double operations =
      2 * (model.shape().layer_parameters() * length + model.shape().head_parameters());
  Cost cost = model.arithmetic(operations);
  cost.read = model.weight_bytes();
  return {.unit = tokens, .amount = double(length), .bound = cost, .run = [=] {
            generator->clear();
            const auto statistics = generator->generate(request(length, 1), [](const auto&) {});
            return length / statistics.prompt_tps;
          }};
}

/// The tokens of an answer after its first, behind a context that is read once.
Work decode(LazyModel& model, int context, int answer) {
  const auto generator = std::make_shared<models::Generator>(model.get());
  const int count = answer - 1;
  const double each =
      model.weight_bytes() + model.cache_bytes_per_token() * (context + answer / 2.0);
  return {.unit = tokens, .amount = double(count), .bound = Cost{.read = each * count}, .run = [=] {
            const auto statistics =
                generator->generate(request(context, answer), [](const auto&) {});
            return count / statistics.generation_tps;
          }};
}

/// Answers of several sequences at a time, behind a context that they share the beginning of.
class Batch {
 public:
  Batch(std::shared_ptr<const LanguageModel> model, int size, int context)
      : generator_(std::move(model), {.max_sequences = size}), size_(size), context_(context) {
    generator_.add(
        request(context, 1), [](const auto&) {}, [](const auto&) {});
    while (generator_.step()) {
    }
  }

  /// Seconds from when all have their first token to when all have `count` more.
  double run(int count) {
    using Clock = std::chrono::steady_clock;
    std::vector<int> written(static_cast<size_t>(size_));
    std::stop_source enough;
    for (int i = 0; i < size_; ++i) {
      GenerationRequest r = request(context_, -1);
      r.prompt.push_back(i);
      generator_.add(
          std::move(r), [&written, i](const auto&) { ++written[size_t(i)]; }, [](const auto&) {},
          enough.get_token());
    }
    std::optional<Clock::time_point> start;
    int least_at_start = 0;
    double seconds = 0;
    while (generator_.step()) {
      const int least = *std::min_element(written.begin(), written.end());
      if (!start && least > 0) {
        start = Clock::now();
        least_at_start = least;
      }
      if (start && least >= least_at_start + count && !enough.stop_requested()) {
        seconds = std::chrono::duration<double>(Clock::now() - *start).count();
        enough.request_stop();
      }
    }
    return seconds;
  }

 private:
  models::BatchGenerator generator_;
  int size_, context_;
};

Work batch_decode(LazyModel& model, int size, int context, int answer) {
  const auto batch = std::make_shared<Batch>(model.get(), size, context);
  Cost cost = model.arithmetic(2 * model.shape().parameters() * size * answer);
  cost.read = answer * (model.weight_bytes() +
                        model.cache_bytes_per_token() * size * (context + answer / 2.0));
  return {.unit = tokens, .amount = double(size) * answer, .bound = cost, .run = [=] {
            return batch->run(answer);
          }};
}

/// The same answer with the machine to itself, and while a thread trains another model.
Work decode_beside_training(LazyModel& model, int context, int answer) {
  const Work alone = decode(model, context, answer);
  const auto step = small_training_step();
  step();
  return {.unit = tokens,
          .amount = alone.amount,
          .bound = Rival{"alone", alone.run},
          .run =
              [=] {
                std::jthread job([&](const std::stop_token& stop) {
                  while (!stop.stop_requested()) step();
                });
                return alone.run();
              },
          .rounds = 2};
}

void measure(Suite& suite, LazyModel model, bool everything) {
  const std::string name = "model/" + model.name() + "/";
  if (const auto reason = no_room_for(model.weight_bytes())) {
    if (suite.wants(name)) suite.report().skip(name, *reason);
    return;
  }
  const int answer = suite.full() ? 128 : 48;
  const auto beside_peer = [&](Work work, int prompt, int generated, int depth) {
    work.rounds = 2;
    work.peer =
        llama_peer(suite.options(), model.shape(), model.stored(), prompt, generated, depth);
    return work;
  };
  suite.measure(name + "prefill_512", [&] { return beside_peer(prefill(model, 512), 512, 0, 0); });
  suite.measure(name + "decode_after_512",
                [&] { return beside_peer(decode(model, 512, answer), 0, answer, 512); });
  if (!everything) return;
  suite.measure(name + "decode_after_4096",
                [&] { return beside_peer(decode(model, 4096, answer), 0, answer, 4096); });
  for (const int size : {4, 16}) {
    suite.measure(name + fmt::format("decode_{}_sequences", size), [&] {
      Work work = batch_decode(model, size, 512, suite.full() ? 64 : 16);
      work.rounds = 2;
      return work;
    });
  }
}

}  // namespace

void generation(Suite& suite) {
  std::vector<ModelShape> shapes{half_billion(), one_billion()};
  if (suite.full()) {
    shapes.push_back(three_billion());
    shapes.push_back(eight_billion());
  }
  for (const ModelShape& shape : shapes) {
    for (const StoredAs& stored : {StoredAs{4, 64}, StoredAs{4, 32}, StoredAs{8, 64}, StoredAs{16}})
      measure(suite, {shape, stored, false}, suite.full() || stored.name() == "4bit_g64");
    measure(suite, {shape, {4, 64}, true}, false);
  }
  suite.measure("model/0.5b-4bit_g64/decode_beside_training", [] {
    LazyModel model(half_billion(), {4, 64}, false);
    return decode_beside_training(model, 512, 48);
  });
}

}  // namespace quern::bench
