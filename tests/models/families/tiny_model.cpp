#include "tests/models/families/tiny_model.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "engine/io/safetensors.h"
#include "engine/ops/shape.h"
#include "models/decoder/load_decoder.h"
#include "models/families/family.h"
#include "models/weights/checkpoint.h"

namespace quern::tests {

namespace {

using reference::Matrix;
using Tokens = std::vector<int32_t>;

/// In [low, high); the same everywhere.
double draw(std::mt19937_64& random, double low, double high) {
  return low + (high - low) * (double(random() >> 11) * 0x1p-53);
}

std::pair<double, double> range_of(const TinyTensor& tensor) {
  if (tensor.low != tensor.high) return {tensor.low, tensor.high};
  if (tensor.name.ends_with("bias")) return {-0.3, 0.3};
  if (tensor.shape.size() <= 1) return {0.6, 1.4};
  const double reach = std::sqrt(3.0 / tensor.shape.back());
  return {-reach, reach};
}

Matrix random_matrix(const TinyTensor& tensor, std::mt19937_64& random) {
  const auto [low, high] = range_of(tensor);
  int rows = 1;
  for (size_t i = 0; i + 1 < tensor.shape.size(); ++i) rows *= tensor.shape[i];
  Matrix out(rows, tensor.shape.empty() ? 1 : tensor.shape.back());
  for (double& value : out.values) value = double(float(draw(random, low, high)));
  return out;
}

array to_array(const Tokens& tokens) {
  return array(tokens.begin(), {1, int(tokens.size())}, int32);
}

Matrix part(const Matrix& all, size_t begin, size_t end) {
  return reference::rows(all, int(begin), int(end));
}

std::set<std::string> names_of(const models::Weights& weights) {
  std::set<std::string> names;
  for (const auto& [name, value] : weights) names.insert(name);
  return names;
}

}  // namespace

TinyTensors operator+(TinyTensors a, const TinyTensors& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TinyTensors in_layers(int count, const std::string& path, const TinyTensors& tensors) {
  TinyTensors out;
  for (int i = 0; i < count; ++i) {
    for (TinyTensor tensor : tensors) {
      tensor.name = path + "." + std::to_string(i) + "." + tensor.name;
      out.push_back(std::move(tensor));
    }
  }
  return out;
}

TinyModel::TinyModel(nlohmann::json config, const TinyTensors& tensors, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::unordered_map<std::string, array> arrays;
  for (const TinyTensor& tensor : tensors) {
    const Matrix& value = values_[tensor.name] = random_matrix(tensor, random);
    arrays.emplace(tensor.name, array(value.values.begin(), tensor.shape, float32));
  }
  save_safetensors((path() / "model.safetensors").string(), std::move(arrays));
  folder_.write("config.json", config.dump());
  files_ = models::ModelFiles::open(path());
  decoder_ = models::load_decoder(files_.weights, files_.spec, files_.config.quantization, true,
                                  path().string());
}

Matrix TinyModel::logits(const Tokens& tokens) const {
  return to_matrix(decoder_->logits(to_array(tokens)));
}

Tokens TinyModel::tokens(int count, uint64_t seed) const {
  std::mt19937_64 random(seed);
  Tokens out;
  for (int i = 0; i < count; ++i) out.push_back(int32_t(random() % uint64_t(config().vocab_size)));
  return out;
}

models::Weights TinyModel::published() const { return models::Checkpoint::open(path()).weights(); }

Matrix to_matrix(array logits) {
  EXPECT_EQ(logits.dtype(), float32);
  logits = contiguous(logits);
  logits.eval();
  const int columns = logits.ndim() == 0 ? 1 : logits.shape(-1);
  Matrix out(int(logits.size()) / columns, columns);
  std::copy_n(logits.data<float>(), out.values.size(), out.values.begin());
  return out;
}

void expect_near(const Matrix& found, const Matrix& expected, double tolerance) {
  ASSERT_EQ(std::pair(found.rows, found.columns), std::pair(expected.rows, expected.columns));
  double worst = 0;
  int at = 0;
  for (size_t i = 0; i < found.values.size(); ++i) {
    const double difference = std::abs(found.values[i] - expected.values[i]);
    const double error =
        std::isfinite(difference) ? difference / (1 + std::abs(expected.values[i])) : INFINITY;
    if (error <= worst) continue;
    worst = error;
    at = int(i);
  }
  EXPECT_LE(worst, tolerance) << "row " << at / found.columns << ", column " << at % found.columns
                              << ": " << found.values[size_t(at)] << " instead of "
                              << expected.values[size_t(at)];
}

void expect_cache_agrees(const TinyModel& model, const Tokens& tokens) {
  SCOPED_TRACE("with a cache");
  const Matrix expected = model.logits(tokens);
  models::Cache cache = model.decoder().make_cache();
  const auto read = [&](size_t begin, size_t end) {
    const Tokens piece(tokens.begin() + int64_t(begin), tokens.begin() + int64_t(end));
    const Matrix found = to_matrix(model.decoder().logits(to_array(piece), cache));
    expect_near(found, part(expected, begin, end));
  };
  const size_t first = tokens.size() / 2, second = tokens.size() * 3 / 4;
  read(0, first);
  read(first, second);
  for (size_t t = second; t < tokens.size(); ++t) read(t, t + 1);
}

void expect_sequences_agree(const TinyModel& model) {
  SCOPED_TRACE("several sequences in a step");
  constexpr int lengths[] = {9, 5, 12}, more[] = {1, 3, 1};
  std::vector<Tokens> sequences;
  std::vector<Matrix> expected;
  std::vector<models::Cache> caches;
  for (size_t i = 0; i < std::size(lengths); ++i) {
    sequences.push_back(model.tokens(lengths[i] + more[i], 100 + i));
    expected.push_back(model.logits(sequences[i]));
    caches.push_back(model.decoder().make_cache());
  }
  const auto step = [&](const int* counts, const std::vector<int>& begins) {
    Tokens all;
    std::vector<models::Step::Sequence> parts;
    for (size_t i = 0; i < sequences.size(); ++i) {
      const auto begin = sequences[i].begin() + begins[i];
      all.insert(all.end(), begin, begin + counts[i]);
      parts.push_back({&caches[i], counts[i]});
    }
    const array tokens(all.begin(), {int(all.size())}, int32);
    const Matrix found = to_matrix(model.decoder().next_logits(tokens, parts));
    for (size_t i = 0; i < sequences.size(); ++i) {
      const auto last = size_t(begins[i] + counts[i]);
      expect_near(part(found, i, i + 1), part(expected[i], last - 1, last));
    }
  };
  step(lengths, {0, 0, 0});
  step(more, {lengths[0], lengths[1], lengths[2]});
}

void expect_rules_agree(const TinyModel& model, const std::vector<std::string>& lost) {
  SCOPED_TRACE("weight rules");
  const models::WeightRules& rules = model.spec().rules;
  models::Weights weights = model.published();
  models::to_decoder(models::text_part_rules(), weights);
  const models::Weights text = weights;
  models::to_decoder(rules, weights);
  models::Weights again = weights;
  models::to_decoder(rules, again);
  EXPECT_EQ(names_of(again), names_of(weights));
  for (const auto& [name, value] : again)
    expect_near(to_matrix(value), to_matrix(weights.at(name)), 0);

  models::to_published(rules, weights);
  std::set<std::string> expected = names_of(text);
  for (const std::string& name : lost) EXPECT_EQ(expected.erase(name), 1u) << name;
  EXPECT_EQ(names_of(weights), expected);
  for (const std::string& name : expected) {
    const array &back = weights.at(name), &first = text.at(name);
    EXPECT_EQ(back.shape(), first.shape()) << name;
    expect_near(to_matrix(back), to_matrix(first), 1e-6);
  }
}

void expect_sound(const TinyModel& model, const std::vector<std::string>& lost) {
  expect_cache_agrees(model, model.tokens(24));
  expect_sequences_agree(model);
  expect_rules_agree(model, lost);
}

}  // namespace quern::tests
