#include "models/training/batch.h"

#include <numeric>

namespace quern::models {

int64_t Batch::supervised_tokens() const {
  return std::accumulate(supervised.begin(), supervised.end(), int64_t(0));
}

}  // namespace quern::models
