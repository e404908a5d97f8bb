#pragma once

#include <string>

namespace quern::bench {

/// What a command writes to its standard output. Throws std::runtime_error when it fails.
std::string output_of(const std::string& command);

/// As one word of a command.
std::string quoted(const std::string& text);

}  // namespace quern::bench
