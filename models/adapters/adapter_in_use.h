#pragma once

#include <filesystem>
#include <memory>

#include "models/weights/low_rank_update.h"

namespace quern::models {

/// An adapter for a model, and how much of it is heard.
struct AdapterInUse {
  std::filesystem::path folder;  ///< as Adapter::load takes it
  /// May be changed between two tokens, by any thread. That of a full fine-tune stays 1.
  std::shared_ptr<AdapterStrength> strength = std::make_shared<AdapterStrength>();
};

}  // namespace quern::models
