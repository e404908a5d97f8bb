#pragma once

#include <string>
#include <vector>

#include "tests/models/families/tiny_model.h"

namespace quern::tests {

/// What layers of Gemma 3n and 4 get besides the stream, in float64.
struct GemmaLayerInputs {
  int hidden = 0, layers = 0, size = 0, vocab_size = 0;
  double eps = 0;

  /// path: of the text model, with its dot.
  TinyTensors tensors(const std::string& path) const;
  TinyTensors layer_tensors() const;

  /// Of every layer: [T, size]. embedded: what the first layer gets.
  std::vector<reference::Matrix> operator()(const TinyModel& model, const std::string& path,
                                            const std::vector<int32_t>& tokens,
                                            const reference::Matrix& embedded) const;
  /// What is added to the stream x.
  reference::Matrix gate(const TinyModel& model, const std::string& layer,
                         const reference::Matrix& x, const reference::Matrix& own) const;
};

/// Attention with normalised queries, keys and values, and scores as they are.
struct GemmaAttention {
  int heads = 0, key_value_heads = 0, head_dim = 0, window = 0;  ///< window 0: none
  double eps = 0;
  std::vector<double> periods = {};
  bool values_are_keys = false;

  struct Seen {
    reference::Matrix keys, values;
  };
  Seen seen(const TinyModel& model, const std::string& path, const reference::Matrix& x) const;
  reference::Matrix attend(const TinyModel& model, const std::string& path,
                           const reference::Matrix& x, const Seen& seen) const;
};

}  // namespace quern::tests
