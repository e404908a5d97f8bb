#include "models/cache/key_value_quantization.h"

#include <fmt/format.h>

#include "models/error.h"

namespace quern::models {

void check(const KeyValueQuantization& quantization) {
  const auto refuse = [](const char* field, int value, const char* range) {
    throw ModelError(fmt::format("[cache] {} is {}, but must be {}", field, value, range),
                     fmt::format("Set {} to {}.", field, range));
  };
  const auto [bits, group_size, start] = quantization;
  if (bits != 4 && bits != 8) refuse("kv_bits", bits, "4 or 8");
  if (group_size && *group_size != 32 && *group_size != 64 && *group_size != 128)
    refuse("kv_group_size", *group_size, "32, 64 or 128");
  if (start < 0) refuse("kv_start", start, "at least 0");
}

}  // namespace quern::models
