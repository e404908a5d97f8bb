#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "models/training/trainable_model.h"
#include "models/training/trainer.h"
#include "tests/models/families/llama_reference.h"

namespace quern::tests {

/// A row of tokens, and from which one on they are to be learnt.
struct TinyRow {
  std::vector<int32_t> tokens;
  int prompt = 1;
};

/// Padded to the longest with 0.
inline models::Batch batch_of(const std::vector<TinyRow>& rows, bool pairs = false) {
  models::Batch batch;
  batch.rows = int(rows.size());
  batch.has_pairs = pairs;
  for (const TinyRow& row : rows) batch.columns = std::max(batch.columns, int(row.tokens.size()));
  for (const TinyRow& row : rows) {
    for (int t = 0; t < batch.columns; ++t) {
      const bool inside = t < int(row.tokens.size());
      batch.tokens.push_back(inside ? row.tokens[size_t(t)] : 0);
      batch.supervised.push_back(inside && t >= row.prompt);
    }
    batch.lengths.push_back(int(row.tokens.size()));
  }
  return batch;
}

/// One behind the other in one row.
inline models::Batch packed_batch_of(const std::vector<TinyRow>& rows) {
  models::Batch batch;
  batch.rows = 1;
  batch.packed = true;
  for (const TinyRow& row : rows) {
    for (int t = 0; t < int(row.tokens.size()); ++t) {
      batch.tokens.push_back(row.tokens[size_t(t)]);
      batch.supervised.push_back(t >= row.prompt);
    }
    batch.lengths.push_back(int(row.tokens.size()));
  }
  batch.columns = int(batch.tokens.size());
  return batch;
}

/// These batches, epoch after epoch.
class ListedBatches final : public models::BatchSource {
 public:
  explicit ListedBatches(std::vector<models::Batch> batches) : batches_(std::move(batches)) {}

  models::Batch next() override {
    const models::Batch batch = batches_.at(size_t(position_.batch));
    if (++position_.batch == int64_t(batches_.size())) position_ = {position_.epoch + 1, 0, 0};
    return batch;
  }
  models::DataPosition position() const override { return position_; }
  void seek(const models::DataPosition& position) override { position_ = position; }
  std::optional<int64_t> batches_per_epoch() const override {
    if (batches_[0].packed) return std::nullopt;
    return int64_t(batches_.size());
  }
  std::pair<int, int> largest_batch() const override {
    return {batches_[0].rows, batches_[0].columns};
  }

 private:
  std::vector<models::Batch> batches_;
  models::DataPosition position_;
};

/// Four rows of unequal lengths, and what is learnt of them: 6, 1, 3 and 4 tokens.
inline std::vector<TinyRow> tiny_rows() {
  return {{{3, 9, 4, 17, 30, 2, 11, 5}, 2},
          {{8, 1, 20, 7}, 3},
          {{12, 6, 6, 25, 19}, 2},
          {{5, 28, 14, 3, 9, 22}, 2}};
}

/// A Llama of two layers with random weights.
inline TinyModel tiny_llama(uint64_t seed = 1) {
  return TinyModel(llama_config("llama"), llama_tensors(), seed);
}

/// Of all layers, with matrices that are not zero from the first step on after it.
inline models::TrainingOptions tiny_options() {
  models::TrainingOptions options;
  options.adapter = {.num_layers = -1, .rank = 4, .scale = 2.0f};
  options.learning_rate = 0.02;
  options.max_grad_norm = 0;
  return options;
}

struct TinyRun {
  std::vector<models::StepReport> steps;
  nn::Parameters parameters;
};

/// Steps on batches from the beginning.
inline TinyRun train(const TinyModel& tiny, const models::TrainingOptions& options,
                     std::vector<models::Batch> batches, int steps) {
  const models::TrainableModel model(models::ModelFiles::open(tiny.path()), options.adapter,
                                     options.compute);
  ListedBatches data(std::move(batches));
  models::Trainer trainer(model, options, data);
  TinyRun run;
  for (int i = 0; i < steps; ++i) run.steps.push_back(trainer.step());
  run.parameters = trainer.state().parameters;
  return run;
}

inline std::vector<float> floats_of(array values) {
  values = contiguous(values);
  values.eval();
  return {values.data<float>(), values.data<float>() + values.size()};
}

/// The largest difference between parameters of the same names.
inline double difference(const nn::Parameters& a, const nn::Parameters& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (const auto& [name, value] : a) {
    const std::vector<float> x = floats_of(value), y = floats_of(b.at(name));
    for (size_t i = 0; i < x.size(); ++i)
      largest = std::max(largest, std::abs(double(x[i]) - double(y.at(i))));
  }
  return largest;
}

}  // namespace quern::tests
