#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/adapters/adapter_config.h"
#include "models/decoder/decoder_spec.h"
#include "models/weights/low_rank_update.h"

namespace quern::models {

/// Where a module of a layer lies.
struct PlaceInLayers {
  int layer;
  std::string path;  ///< within the layer: "self_attn.q_proj"
};

/// None for a module outside the layers.
std::optional<PlaceInLayers> place_in_layers(const std::string& path, const DecoderSpec& spec);

/// Whether all of the text matches, "*" standing for any letters.
bool matches_whole(std::string_view text, std::string_view pattern);

/// The few names most like one, the most like it first.
std::vector<std::string> nearest(const std::string& name, const std::vector<std::string>& among);

/// Those of a model's modules that the config's layers and keys mean, in the same order. A key
/// means modules of the last layers by their paths within the layer, and any other module by its
/// whole path; the path of one layer's module means that one, whichever layer it is. What begins
/// with "*" is a path within a layer.
///
/// Throws ModelError: 0 layers or more than there are, and keys without a module.
std::vector<AdaptableModule> chosen_modules(const std::vector<AdaptableModule>& modules,
                                            const DecoderSpec& spec, const AdapterConfig& config);

/// Sets num_layers and keys, without "*", to what means exactly these modules of a model.
void describe_choice(const std::vector<AdaptableModule>& chosen,
                     const std::vector<AdaptableModule>& modules, const DecoderSpec& spec,
                     AdapterConfig& config);

}  // namespace quern::models
