#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "models/decoder/decoder.h"
#include "models/model_files.h"
#include "tests/models/families/reference.h"
#include "tests/models/model_folder.h"

namespace quern::tests {

/// A tensor of a tiny checkpoint. Its values are drawn evenly from [low, high]; without these, from
/// what suits its name and shape: biases around 0, other vectors around 1, and for everything else
/// so that x @ W^T is about as large as x.
struct TinyTensor {
  std::string name;
  Shape shape;
  double low = 0, high = 0;
};

using TinyTensors = std::vector<TinyTensor>;

TinyTensors operator+(TinyTensors a, const TinyTensors& b);

/// The same tensors for each layer: PATH.0.NAME, PATH.1.NAME, ...
TinyTensors in_layers(int count, const std::string& path, const TinyTensors& tensors);

/// A model folder with random float32 weights, and what was loaded from it to compute in float32.
class TinyModel {
 public:
  TinyModel(nlohmann::json config, const TinyTensors& tensors, uint64_t seed = 1);

  const std::filesystem::path& path() const { return folder_.path(); }
  const models::ModelConfig& config() const { return files_.config; }
  const models::DecoderSpec& spec() const { return files_.spec; }
  const models::Decoder& decoder() const { return *decoder_; }

  /// A tensor as it was written, for the reference: a vector as one row, three axes and more as
  /// rows of the last one.
  const reference::Matrix& operator()(const std::string& name) const { return values_.at(name); }
  bool has(const std::string& name) const { return values_.contains(name); }

  /// Of one pass without a cache: [T, V].
  reference::Matrix logits(const std::vector<int32_t>& tokens) const;

  /// Each below vocab_size, always the same ones.
  std::vector<int32_t> tokens(int count, uint64_t seed = 7) const;

  /// The checkpoint's own tensors, as they were written.
  models::Weights published() const;

 private:
  ModelFolder folder_;
  std::map<std::string, reference::Matrix> values_;
  models::ModelFiles files_;
  std::shared_ptr<const models::Decoder> decoder_;
};

/// [1, T, V] or [T, V] as the reference has it.
reference::Matrix to_matrix(array logits);

/// Every |difference| within tolerance * (1 + |expected|).
void expect_near(const reference::Matrix& found, const reference::Matrix& expected,
                 double tolerance = 2e-4);

/// Reading in two pieces and then token by token gives what one pass gives.
void expect_cache_agrees(const TinyModel& model, const std::vector<int32_t>& tokens);

/// Several sequences in one step get what each gets by itself: at first and further on.
void expect_sequences_agree(const TinyModel& model);

/// The family's rules change nothing the second time, and lead back to the names and values that
/// were published. lost: those that have no way back.
void expect_rules_agree(const TinyModel& model, const std::vector<std::string>& lost = {});

/// All of the above.
void expect_sound(const TinyModel& model, const std::vector<std::string>& lost = {});

}  // namespace quern::tests
