#include "bench/peers/command.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace quern::bench {

std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) throw std::runtime_error(fmt::format("[bench] cannot run {}", command));
  std::string output;
  std::array<char, 4096> block;
  while (const size_t n = fread(block.data(), 1, block.size(), pipe)) output.append(&block[0], n);
  const int status = pclose(pipe);
  if (status != 0)
    throw std::runtime_error(fmt::format("[bench] this ended with status {}: {}", status, command));
  return output;
}

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace quern::bench
