#pragma once

#include <functional>

namespace quern::bench {

/// Does a compiled step of training a small model from scratch, each time the next one.
std::function<void()> small_training_step();

}  // namespace quern::bench
