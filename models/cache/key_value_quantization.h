#pragma once

#include <optional>

namespace quern::models {

/// Keys and values in fewer bits, from a length on: half or a quarter of the memory of a long
/// conversation, and a little less accuracy.
struct KeyValueQuantization {
  int bits = 8;  ///< 4 or 8
  /// Elements that share a scale: 32, 64 or 128, which divides the length of keys and values. None:
  /// 64 where that divides it, else 32.
  std::optional<int> group_size = std::nullopt;
  int start = 0;  ///< tokens; shorter conversations stay as they are

  bool operator==(const KeyValueQuantization&) const = default;
};

/// Throws ModelError naming the field, its value and what it may be.
void check(const KeyValueQuantization& quantization);

}  // namespace quern::models
