// A chat's decoding beside a training in the same process, against the same alone: a training that
// gives way to it should cost it next to nothing, one that does not shows what that is worth.

#include <atomic>
#include <memory>
#include <numeric>
#include <thread>

#include "bench/models/synthetic_checkpoint.h"
#include "bench/suite/sections.h"
#include "engine/quern.h"
#include "models/decoder/load_decoder.h"
#include "models/generate/generator.h"
#include "models/model_files.h"

namespace quern::bench {

namespace {

constexpr int answer = 64;

/// Takes gradients of a small model's loss on a stream, over and over, until it goes.
class EndlessTraining {
 public:
  explicit EndlessTraining(Stream stream) : thread_([this, stream] { run(stream); }) {
    while (!runs_) std::this_thread::yield();
  }
  ~EndlessTraining() {
    stop_ = true;
    thread_.join();
  }

 private:
  void run(Stream stream) {
    const StreamContext context(stream);
    const ModelShape shape = six_million();
    const auto files = models::ModelFiles::open(synthetic_checkpoint(shape, {.bits = 16}));
    nn::Parameters names;
    for (const auto& [name, weight] : files.weights) names.emplace(name, astype(weight, float32));
    const array tokens = random::randint(0, shape.vocabulary, {8, 129}, int32);
    const auto loss = [&](const Arrays& values) {
      const auto decoder =
          models::load_decoder(nn::with_values(names, values), files.spec,
                               files.config.quantization, true, files.path.string());
      const array logits = decoder->logits(slice(tokens, {0, 0}, {8, 128}));
      return mean(fast::cross_entropy(logits, slice(tokens, {0, 1}, {8, 129})));
    };
    std::vector<int> all(names.size());
    std::iota(all.begin(), all.end(), 0);
    const auto gradient = value_and_grad(std::function<array(const Arrays&)>(loss), all);
    const Arrays values = nn::values_of(names);
    for (; !stop_; runs_ = true) eval(gradient(values).second);
  }

  std::atomic<bool> stop_{false}, runs_{false};
  std::thread thread_;
};

/// Seconds that the tokens of an answer take after its first.
double decode(models::Generator& generator) {
  models::GenerationRequest request;
  request.prompt.resize(64);
  std::iota(request.prompt.begin(), request.prompt.end(), 1000);
  request.sampling.temperature = 0;
  request.max_tokens = answer;
  request.stop_at_eos = false;
  return (answer - 1) / generator.generate(request, [](const auto&) {}).generation_tps;
}

}  // namespace

void beside_training(Suite& suite) {
  const ModelShape shape = half_billion();
  const StoredAs stored{4, 64};
  std::shared_ptr<models::Generator> generator;
  for (const bool gives_way : {true, false}) {
    const std::string name = "beside_training/" + shape.name + "-" + stored.name() +
                             (gives_way ? "/background" : "/as_equals");
    suite.measure(name, [&] {
      if (!generator) {
        generator = std::make_shared<models::Generator>(
            models::LanguageModel::load(synthetic_checkpoint(shape, stored)));
      }
      const Stream stream = gives_way ? background_stream(Device::cpu) : new_stream(Device::cpu);
      return Work{.unit = tokens,
                  .amount = answer - 1,
                  .bound = Rival{"alone", [=] { return decode(*generator); }},
                  .run = [=] {
                    const EndlessTraining training(stream);
                    return decode(*generator);
                  }};
    });
  }
}

}  // namespace quern::bench
