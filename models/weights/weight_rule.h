#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "models/weights/weights.h"

namespace quern::models {

/// How a published checkpoint's names and forms become those that a decoder takes, and back.
/// Applied to weights that have the decoder's form already, a rule changes nothing. What belongs to
/// a quantized weight (.scales, .biases) goes the way of its .weight.
///
/// Both throw ModelError, naming tensor and shapes, when tensors do not fit together.
struct WeightRule {
  std::function<void(Weights&)> to_decoder;
  /// Towards the names and forms of Hugging Face. Empty when there is no way back.
  std::function<void(Weights&)> to_published;
};

using WeightRules = std::vector<WeightRule>;

/// Where a dotted part of a name, or several in a row, reads `from`, it becomes `to`: "mlp.gate"
/// matches "layers.0.mlp.gate.weight", not "mlp.gate_proj". `from` may begin with "^" for "only at
/// the beginning of the name", and end with "$" for "only at its end".
WeightRule renames(std::string from, std::string to);

/// Names that contain `part` (dotted, as in renames) go; there is no way back.
WeightRule drops(std::string part);

/// Names LAYERS.i... with i >= count go (layers that predict further tokens); there is no way back.
WeightRule drops_layers_from(int count, std::string layers = "model.layers");

/// P.EXPERTS.e.NAME.* for e = 0, 1, ... become P.STACKED.NEW.*, with a new first axis [E, ...];
/// `names` are pairs of NAME and NEW.
WeightRule stacks_experts(std::string experts, std::string stacked,
                          std::vector<std::pair<std::string, std::string>> names);

/// P.FUSED.* is cut along `axis` (negative: from the end) into equal parts P.NAME.* in this order.
/// With `interleaved`, element i of the axis belongs to part i modulo their number.
WeightRule splits(std::string fused, std::vector<std::string> names, int axis,
                  bool interleaved = false);

/// Each tensor whose name ends with `ending` goes through one function or the other. For forms that
/// can be told apart by looking at the tensor.
WeightRule changes(std::string ending, std::function<array(const array&)> to_decoder,
                   std::function<array(const array&)> to_published = {});

void to_decoder(const WeightRules& rules, Weights& weights);
/// In reverse order. Rules without a way back are passed over.
void to_published(const WeightRules& rules, Weights& weights);

}  // namespace quern::models
