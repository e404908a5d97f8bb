#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/array/array.h"
#include "models/weights/conversion_watch.h"

namespace quern::models {

/// Tensors in the order in which they are written. Each is computed when its turn comes and let go
/// afterwards, so that what they are computed from need not fit into memory together.
using OrderedTensors = std::vector<std::pair<std::string, array>>;

/// Writes tensors as model.safetensors or, when they are more than `shard_bytes`, as shards of at
/// most that (a longer tensor has one of its own), and model.safetensors.index.json in either case.
/// parameters: for the index. Throws std::runtime_error when a file cannot be written and
/// ConversionStopped.
void write_checkpoint(const std::filesystem::path& folder, OrderedTensors tensors,
                      int64_t parameters, size_t shard_bytes, const ConversionWatch& watch);

}  // namespace quern::models
