#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/models/families/reference.h"
#include "tests/models/families/tiny_model.h"

namespace quern::tests {

// A tiny Llama: its config, its tensors, and all of it in float64. A family that is a Llama but for
// something says what in each of the three.

/// 2 layers of 4 heads with 4 elements that share 2 keys, hidden_size 16, intermediate_size 24,
/// vocab_size 32, eps 1e-5, an untied head.
nlohmann::json llama_config(const std::string& model_type, const nlohmann::json& more = {});
TinyTensors llama_tensors(int layers = 2);

/// Text in names and what replaces it, one after the other.
using Names = std::vector<std::pair<std::string, std::string>>;

std::string renamed(std::string name, const Names& names);
TinyTensors renamed(TinyTensors tensors, const Names& names);
/// Less those whose names contain one of these.
TinyTensors without(const TinyTensors& tensors, const std::vector<std::string>& parts);
/// With a bias for each weight whose name contains one of these.
TinyTensors with_biases(TinyTensors tensors, const std::vector<std::string>& parts);

class LlamaReference {
 public:
  using Matrix = reference::Matrix;

  /// names: what turns Llama's names into those of the file.
  explicit LlamaReference(const TinyModel& model, Names names = {}, double theta = 10000)
      : periods(reference::rope_periods(theta, 4)), model_(model), names_(std::move(names)) {}
  virtual ~LlamaReference() = default;

  virtual Matrix logits(const std::vector<int32_t>& tokens);
  virtual Matrix layer(const Matrix& x);
  virtual Matrix attention(const Matrix& x);
  virtual Matrix mlp(const Matrix& x);
  /// RMS norm with the weight of this module.
  virtual Matrix norm(const Matrix& x, const std::string& module);
  /// What attention computes scores with, out of the projections.
  virtual Matrix turned(const Matrix& x, int heads, const std::string& which);
  /// A projection, with its bias if there is one; of the running layer, if the module is in one.
  Matrix project(const Matrix& x, const std::string& module) const;
  const Matrix& weight(const std::string& module) const;
  const Matrix& tensor(const std::string& name) const;

  std::vector<double> periods;
  bool interleaved = false;
  double eps = 1e-5;
  int heads = 4, key_value_heads = 2, layers = 2;
  reference::AttentionOptions options;  ///< but for the numbers of heads
  double (*activation)(double) = reference::silu;
  int layer_index = 0;

 protected:
  const TinyModel& model_;

 private:
  bool in_layer(const std::string& module) const;
  std::string path(const std::string& module) const;

  Names names_;
};

/// The model's logits of 24 tokens are the reference's, and all of expect_sound.
void expect_reference(const TinyModel& model, LlamaReference&& reference,
                      const std::vector<std::string>& lost = {});

}  // namespace quern::tests
