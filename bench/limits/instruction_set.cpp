#include "bench/limits/instruction_set.h"

#include <fmt/format.h>
#include <hwy/targets.h>

#include <stdexcept>

namespace quern::bench {

void use_instruction_set(const std::string& name) {
  for (int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
    const int64_t target = left & -left;
    if (name != hwy::TargetName(target)) continue;
    hwy::DisableTargets(target - 1);  // the better ones are the lower bits
    return;
  }
  throw std::runtime_error(fmt::format("[bench] this processor has no {}", name));
}

}  // namespace quern::bench
