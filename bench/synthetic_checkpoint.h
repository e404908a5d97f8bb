#pragma once

#include <filesystem>
#include <string>

namespace quern::bench {

/// The shape of a llama checkpoint, and how its weights are stored.
struct CheckpointShape {
  std::string name;
  int layers;
  int hidden;
  int feed_forward;
  int heads;
  int key_value_heads;
  int head_dim;
  int vocabulary;
  int bits;  ///< 4 or 8: affine in groups of 64 with bfloat16 scales; 16: bfloat16
};

/// 16 layers, 2048 wide: about 1.2 billion parameters.
CheckpointShape one_billion(int bits);

/// 24 layers, 896 wide, 32000 tokens: about 390 million parameters.
CheckpointShape half_billion(int bits);

/// 6 layers, 256 wide, 4096 tokens: about 5.5 million parameters.
CheckpointShape six_million();

/// The folder of a checkpoint of this shape with random weights, without a tokenizer: made on first
/// use below the system's folder for temporary files, and kept.
std::filesystem::path synthetic_checkpoint(const CheckpointShape& shape);

}  // namespace quern::bench
