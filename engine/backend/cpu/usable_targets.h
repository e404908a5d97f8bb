#pragma once

#include <hwy/targets.h>

#include <cstdint>

namespace quern::cpu {

/// Highway's targets that this processor has and that are not disabled: for kernels with
/// instructions that Highway does not dispatch on.
///
/// Asking Highway for them makes it dispatch on all that the processor has, disabled or not, until
/// it is told otherwise.
inline int64_t usable_targets() {
  const int64_t targets = hwy::SupportedTargets();
  hwy::GetChosenTarget().Update(targets);
  return targets;
}

}  // namespace quern::cpu
