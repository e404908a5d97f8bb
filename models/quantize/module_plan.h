#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/config/quantization_config.h"

namespace quern::models {

/// What a rule says of the modules it matches.
struct ModuleRule {
  /// Of the module's path, where "*" stands for any letters; a part of the path is enough:
  /// "layers.0.*_proj", "lm_head".
  std::string pattern;
  std::optional<Quantization> quantization;  ///< none: stays floats
};

/// How each weight of a model is to be quantized.
struct QuantizationPlan {
  std::optional<Quantization> quantization = {};  ///< of all; none: floats stay floats
  /// Empty or one of recipe_names(): two widths in groups of quantization's, affine; the higher one
  /// for the head and, in the first and last eighth of the layers and every third between, for
  /// values and the MLP's way down.
  std::string recipe = {};
  std::vector<ModuleRule> rules = {};  ///< the last that matches wins, over recipe and routers too
};

/// mixed_2_6, mixed_3_4, mixed_3_6 and mixed_4_6.
std::vector<std::string> recipe_names();

/// The default group size and bits of a mode. Throws ModelError for one that is not known.
Quantization default_quantization(const std::string& mode);

/// Throws ModelError for a recipe that is not known, or one with a mode other than affine, and for
/// bits or groups that cannot be computed with.
void check_plan(const QuantizationPlan& plan);

/// For the weight of a module, [..., in]. None: stays floats, because the plan says so, the group
/// size does not divide `in`, or it is no matrix that products are made with (norms, convolutions,
/// tables of positions). Routers of mixtures of experts keep 8 bits.
std::optional<Quantization> quantization_of(const QuantizationPlan& plan, const std::string& path,
                                            int in, int num_layers);

/// Whether the values or the way down of this layer belong to the ones that matter more.
bool has_more_bits(const std::string& path, int num_layers);

}  // namespace quern::models
