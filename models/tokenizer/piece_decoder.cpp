#include "models/tokenizer/piece_decoder.h"

#include <nlohmann/json.hpp>

namespace quern::models {

nlohmann::json piece_decoder(bool removes_prefix) {
  auto steps = nlohmann::json::parse(R"([
      {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
      {"type": "ByteFallback"},
      {"type": "Fuse"}])");
  if (removes_prefix) {
    steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  return {{"type", "Sequence"}, {"decoders", steps}};
}

}  // namespace quern::models
