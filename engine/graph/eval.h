#pragma once

#include <vector>

#include "engine/array/array.h"

namespace quern {

/// Computes the arrays and what they need, here if their stream is idle. Rethrows a kernel's error.
void eval(std::vector<array> outputs);

/// Gives the arrays to their streams and returns: reading one waits for it. Rethrows only what
/// giving them out threw; a kernel's exception reaches whoever waits.
void async_eval(std::vector<array> outputs);

/// Lets go of the graph below arrays that were evaluated while a transform ran; does nothing while
/// one still runs.
void detach_evaluated(const std::vector<array>& arrays);

template <typename... Arrays>
requires(std::is_same_v<std::remove_cvref_t<Arrays>, array>&&...) void eval(Arrays&&... outputs) {
  eval(std::vector<array>{std::forward<Arrays>(outputs)...});
}

template <typename... Arrays>
requires(std::is_same_v<std::remove_cvref_t<Arrays>, array>&&...) void async_eval(
    Arrays&&... outputs) {
  async_eval(std::vector<array>{std::forward<Arrays>(outputs)...});
}

}  // namespace quern
