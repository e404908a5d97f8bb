#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace quern::bench {

/// The shape of a llama model. The embedding is the head, too.
struct ModelShape {
  std::string name;
  int layers;
  int hidden;
  int feed_forward;
  int heads;
  int key_value_heads;
  int head_dim;
  int vocabulary;

  /// Parameters in products that each token takes part in; without the head.
  double layer_parameters() const;
  double head_parameters() const { return double(vocabulary) * hidden; }
  double parameters() const { return layer_parameters() + head_parameters(); }
  /// What one token leaves in the key-value caches, where numbers are halves.
  double cache_bytes_per_token() const { return 2.0 * layers * key_value_heads * head_dim * 2; }
};

ModelShape six_million();  ///< 6 layers, 256 wide, 4096 tokens: 5.5 million parameters
ModelShape half_billion();
ModelShape one_billion();
ModelShape three_billion();
ModelShape eight_billion();

/// How weights are stored: affine in groups with bfloat16 scales, or (16 bits) bfloat16.
struct StoredAs {
  int bits;
  int group_size = 64;

  std::string name() const;  ///< "4bit_g32", "bf16"
  double bytes_per_parameter() const;
};

/// Where files are made and kept: below the system's folder for temporary ones.
std::filesystem::path bench_folder();

/// The folder of a checkpoint of this shape with random weights, without a tokenizer: made on first
/// use.
std::filesystem::path synthetic_checkpoint(const ModelShape& shape, const StoredAs& stored);

/// A GGUF file of this shape with random weights and the vocabulary that other programs want to
/// see: made on first use. type: "Q4_0", "Q8_0" or "BF16".
std::filesystem::path synthetic_gguf(const ModelShape& shape, const std::string& type);

/// Why a file of this many bytes cannot be made and used here, if so: what memory or disk lacks.
std::optional<std::string> no_room_for(double bytes);

}  // namespace quern::bench
