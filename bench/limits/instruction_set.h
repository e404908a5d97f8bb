#pragma once

#include <string>

namespace quern::bench {

/// From now on the engine's kernels, and the limits, do as on a processor that has no better
/// instructions than these, named as Highway does: "SSE4", "AVX2", "AVX3" (AVX-512). To be called
/// before anything is computed. Throws std::runtime_error when this processor has none such.
void use_instruction_set(const std::string& name);

}  // namespace quern::bench
