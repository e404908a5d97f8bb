#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace quern::models {

/// The special tokens that tokenizer.json's "post_processor" sets around a single text.
struct PostProcessor {
  std::vector<int32_t> prefix;
  std::vector<int32_t> suffix;
};

/// Throws FormatError when the type is not supported, a field is wrong, or an id is not in 0 to
/// vocab_size - 1.
PostProcessor read_post_processor(const nlohmann::json& component, int32_t vocab_size);

}  // namespace quern::models
