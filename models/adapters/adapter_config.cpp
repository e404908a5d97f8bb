#include "models/adapters/adapter_config.h"

#include <cmath>

namespace quern::models {

float AdapterConfig::multiplier() const {
  return rank_stabilized ? scale * std::sqrt(float(rank)) : scale;
}

}  // namespace quern::models
