#include "models/training/memory_forecast.h"

#include <gtest/gtest.h>

#include <unordered_map>

#include "engine/graph/eval.h"
#include "engine/io/safetensors.h"
#include "engine/memory/memory.h"
#include "engine/ops/creation.h"
#include "engine/ops/random.h"
#include "models/training/smaller_training.h"
#include "models/training/trainer.h"
#include "tests/models/model_folder.h"

// What was forecast, against what the allocator counted in a few steps.

namespace quern::models {
namespace {

using nlohmann::json;

/// A llama, or with experts a mixtral, of random weights.
struct SmallModel {
  int layers = 3, hidden = 128, feed_forward = 384, heads = 4, key_value_heads = 2,
      vocabulary = 512;
  int experts = 0;  ///< two of them for each token
  int bits = 0;     ///< or else floats
  Dtype dtype = float32;

  ModelFiles write(const tests::ModelFolder& folder) const {
    json config = {{"model_type", experts > 0 ? "mixtral" : "llama"},
                   {"hidden_size", hidden},
                   {"intermediate_size", feed_forward},
                   {"num_hidden_layers", layers},
                   {"num_attention_heads", heads},
                   {"num_key_value_heads", key_value_heads},
                   {"head_dim", hidden / heads},
                   {"vocab_size", vocabulary},
                   {"max_position_embeddings", 4096},
                   {"rms_norm_eps", 1e-5},
                   {"rope_theta", 10000.0},
                   {"tie_word_embeddings", true}};
    if (experts > 0) config.update({{"num_local_experts", experts}, {"num_experts_per_tok", 2}});
    if (bits > 0) config["quantization"] = {{"group_size", 64}, {"bits", bits}};
    folder.write("config.json", config.dump());
    std::unordered_map<std::string, array> tensors;
    random::KeySequence keys(1);
    const auto norm = [&](const std::string& path) {
      tensors.emplace(path + ".weight", ones({hidden}, dtype));
    };
    const auto linear = [&](const std::string& path, int out, int in) {
      if (bits == 0) {
        tensors.emplace(path + ".weight",
                        random::normal({out, in}, dtype, 0.0f, 0.02f, keys.next()));
        return;
      }
      tensors.emplace(path + ".weight", random::bits({out, in * bits / 32}, 4, keys.next()));
      tensors.emplace(path + ".scales", full({out, in / 64}, array(0.002f, bfloat16)));
      tensors.emplace(path + ".biases", full({out, in / 64}, array(-0.016f, bfloat16)));
    };
    linear("model.embed_tokens", vocabulary, hidden);
    norm("model.norm");
    const int key = hidden / heads * key_value_heads;
    for (int i = 0; i < layers; ++i) {
      const std::string layer = "model.layers." + std::to_string(i);
      norm(layer + ".input_layernorm");
      norm(layer + ".post_attention_layernorm");
      linear(layer + ".self_attn.q_proj", hidden, hidden);
      linear(layer + ".self_attn.k_proj", key, hidden);
      linear(layer + ".self_attn.v_proj", key, hidden);
      linear(layer + ".self_attn.o_proj", hidden, hidden);
      if (experts > 0) linear(layer + ".block_sparse_moe.gate", experts, hidden);
      for (int e = 0; e < std::max(1, experts); ++e) {
        const std::string expert = layer + ".block_sparse_moe.experts." + std::to_string(e);
        linear(experts > 0 ? expert + ".w1" : layer + ".mlp.gate_proj", feed_forward, hidden);
        linear(experts > 0 ? expert + ".w3" : layer + ".mlp.up_proj", feed_forward, hidden);
        linear(experts > 0 ? expert + ".w2" : layer + ".mlp.down_proj", hidden, feed_forward);
      }
    }
    save_safetensors((folder.path() / "model.safetensors").string(), std::move(tensors));
    return ModelFiles::open(folder.path());
  }
};

/// The same batch again and again.
class OneBatch final : public BatchSource {
 public:
  OneBatch(const BatchShape& shape, int vocabulary, bool has_pairs) {
    batch_.rows = shape.rows;
    batch_.columns = shape.columns;
    batch_.packed = shape.packed;
    batch_.has_pairs = has_pairs;
    for (int i = 0; i < shape.rows * shape.columns; ++i) {
      batch_.tokens.push_back(i * 7919 % vocabulary);
      batch_.supervised.push_back(i % shape.columns != 0);
    }
    batch_.lengths.assign(size_t(shape.rows), shape.columns);
  }

  Batch next() override { return batch_; }
  DataPosition position() const override { return {}; }
  void seek(const DataPosition&) override {}
  std::optional<int64_t> batches_per_epoch() const override { return 1; }
  std::pair<int, int> largest_batch() const override { return {batch_.rows, batch_.columns}; }

 private:
  Batch batch_;
};

struct Configuration {
  Configuration() { options.adapter.num_layers = -1; }

  SmallModel model;
  TrainingOptions options;
  BatchShape batch{.rows = 4, .columns = 97};
};

size_t measured(const Configuration& c, const TrainableModel& model) {
  OneBatch batches(c.batch, c.model.vocabulary,
                   c.options.objective != TrainingOptions::Objective::tokens);
  clear_cache();
  const size_t before = get_active_memory();
  reset_peak_memory();
  Trainer trainer(model, c.options, batches);
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(trainer.step().skipped);
  return get_peak_memory() - before;
}

/// The forecast, after it was compared with three steps.
MemoryForecast compare(const Configuration& c) {
  const tests::ModelFolder folder;
  const TrainableModel model(c.model.write(folder), c.options.adapter, c.options.compute);
  const size_t before = get_active_memory();
  reset_peak_memory();
  const MemoryForecast forecast = forecast_memory(model, c.options, c.batch, std::nullopt);
  EXPECT_LT(get_peak_memory() - before, size_t(1) << 16) << "the forecast itself takes memory";
  const auto peak = double(measured(c, model));
  EXPECT_NEAR(double(forecast.peak) / peak, 1.0, 0.15) << forecast.to_json();
  return forecast;
}

TEST(MemoryForecast, LoraBesideFloats) {
  Configuration c;
  c.options.adapter.rank = 8;
  const MemoryForecast forecast = compare(c);
  EXPECT_EQ(forecast.weights, 0u);
  EXPECT_GT(forecast.mapped, size_t(2) << 20);
}

TEST(MemoryForecast, LoraBesideQuantizedWeights) {
  Configuration c;
  c.model.bits = 4;
  const MemoryForecast forecast = compare(c);
  EXPECT_GT(forecast.weights, 0u);  // scales and norms in float32
  EXPECT_LT(forecast.mapped, size_t(1) << 20);
}

TEST(MemoryForecast, EveryParameterWithAdamW) {
  Configuration c;
  c.model.dtype = bfloat16;
  c.options.adapter.kind = AdapterConfig::Kind::full;
  c.options.optimizer = "adamw";
  c.batch = {.rows = 2, .columns = 33};
  const MemoryForecast forecast = compare(c);
  EXPECT_NEAR(double(forecast.optimizer) / double(forecast.parameters), 2.0, 0.01);
  EXPECT_GT(forecast.gradients, forecast.parameters / 2);
}

TEST(MemoryForecast, CheckpointedLayersAndLongRows) {
  Configuration c;
  c.model.layers = 6;
  c.batch = {.rows = 1, .columns = 257};
  c.options.grad_checkpoint = true;
  const MemoryForecast checkpointed = compare(c);
  c.options.grad_checkpoint = false;
  EXPECT_LT(checkpointed.peak, compare(c).peak / 2);
}

TEST(MemoryForecast, Preferences) {
  Configuration c;
  c.options.objective = TrainingOptions::Objective::dpo;
  compare(c);
}

TEST(MemoryForecast, MixedPrecision) {
  Configuration c;
  c.options.compute = bfloat16;
  const MemoryForecast forecast = compare(c);
  EXPECT_GT(forecast.weights, size_t(1) << 20);
}

TEST(MemoryForecast, ALargeVocabulary) {
  Configuration c;
  c.model.vocabulary = 8192;
  const MemoryForecast forecast = compare(c);
  EXPECT_GT(forecast.logits, forecast.peak / 4);
}

TEST(MemoryForecast, AccumulatedGradients) {
  Configuration c;
  c.options.adapter.kind = AdapterConfig::Kind::full;
  c.options.optimizer = "sgd";
  c.options.grad_accumulation_steps = 2;
  c.batch = {.rows = 2, .columns = 33};
  const MemoryForecast forecast = compare(c);
  EXPECT_NEAR(double(forecast.optimizer) / double(forecast.parameters), 1.0, 0.01);
}

TEST(MemoryForecast, Experts) {
  Configuration c;
  c.model.experts = 4;
  compare(c);
}

TEST(MemoryForecast, PackedRows) {
  Configuration c;
  c.batch = {.rows = 1, .columns = 257, .packed = true};
  compare(c);
}

/// What does not fit is told settings that do, by what a step of theirs really takes.
TEST(MemoryForecast, SettingsThatWouldFit) {
  Configuration c;
  const tests::ModelFolder folder;
  const TrainableModel model(c.model.write(folder), c.options.adapter);
  const auto all = forecast_memory(model, c.options, c.batch, std::nullopt);
  const size_t bytes = all.total() * 2 / 3;
  const auto smaller = smaller_trainings(model, c.options, c.batch, std::nullopt, bytes);
  ASSERT_GE(smaller.size(), 3u);
  for (const SmallerTraining& way : smaller) EXPECT_LE(way.forecast.total(), bytes) << way.what;
  EXPECT_EQ(smaller[0].what, "set batch_size to 2 and grad_accumulation_steps to 2");
  EXPECT_EQ(smaller[0].forecast.batch.rows, 2);

  c.options.batch_size = 2;
  c.options.grad_accumulation_steps = 2;
  c.batch.rows = 2;
  EXPECT_LT(double(measured(c, model)), 1.15 * double(smaller[0].forecast.peak));

  const ModelError error = does_not_fit(all, bytes, smaller);
  EXPECT_THAT(error.what(), testing::HasSubstr(memory_text(bytes) + " are there"));
  EXPECT_THAT(error.advice(), testing::HasSubstr("turn grad_checkpoint on"));
}

TEST(MemoryForecast, NothingFitsIntoNothing) {
  Configuration c;
  const tests::ModelFolder folder;
  const TrainableModel model(c.model.write(folder), c.options.adapter);
  const auto smaller = smaller_trainings(model, c.options, c.batch, std::nullopt, 1000);
  EXPECT_TRUE(smaller.empty());
  const auto all = forecast_memory(model, c.options, c.batch, std::nullopt);
  EXPECT_THAT(does_not_fit(all, 1000, smaller).advice(), testing::HasSubstr("smaller model"));
}

/// A held-out set of longer rows has its moment too.
TEST(MemoryForecast, TheLargestMomentCounts) {
  Configuration c;
  const tests::ModelFolder folder;
  const TrainableModel model(c.model.write(folder), c.options.adapter);
  c.batch = {.rows = 1, .columns = 17};
  const BatchShape longer{.rows = 8, .columns = 257};
  EXPECT_EQ(forecast_memory(model, c.options, c.batch, longer).moment,
            MemoryForecast::Moment::validation);
  c.options.steps_per_eval = 0;
  EXPECT_EQ(forecast_memory(model, c.options, c.batch, longer).moment,
            MemoryForecast::Moment::gradients);
}

}  // namespace
}  // namespace quern::models
