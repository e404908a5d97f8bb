#include "models/training/batch.h"

#include <algorithm>

namespace quern::models {

int64_t Batch::supervised_tokens() const {
  return std::count(supervised.begin(), supervised.end(), uint8_t{1});
}

}  // namespace quern::models
