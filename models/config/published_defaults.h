#pragma once

#include <nlohmann/json_fwd.hpp>

namespace quern::models {

/// Fills in the keys that a config may leave unsaid because its model_type's published default is
/// not the common one. A text part of a multimodal model says only what differs from its defaults:
/// there, sizes are filled in as well. A key that is there, be it null, stays as it is.
void fill_published_defaults(nlohmann::json& config, bool is_text_part);

}  // namespace quern::models
