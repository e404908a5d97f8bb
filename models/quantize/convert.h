#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/array/dtype.h"
#include "models/adapters/merge.h"
#include "models/quantize/module_plan.h"
#include "models/weights/conversion_watch.h"

namespace quern::models {

struct ConvertOptions {
  enum class Format {
    mlx,        ///< a folder, quantized or not, that MLX and this program read
    published,  ///< a folder of floats under Hugging Face's names
    gguf,       ///< a file
  };
  Format format = Format::mlx;

  /// Of mlx. A weight that is quantized already and of which the plan says nothing stays as it is;
  /// one that it says otherwise of is dequantized and quantized again.
  QuantizationPlan plan = {};
  bool dequantize = false;  ///< of mlx: all weights become floats
  /// Of the floats. None: what config.json says, else what the source computes in.
  std::optional<Dtype> dtype = {};
  /// Of gguf: F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K, or Q4_K_M and Q5_K_M,
  /// which give 6 bits to the weights that matter more.
  std::string gguf_type = "F16";

  /// Merged into the weights first. What was quantized stays so when `format` is mlx and the plan
  /// does not say otherwise of all.
  std::vector<AdapterInUse> adapters = {};

  size_t shard_bytes = size_t(5) << 30;
};

struct ConversionReport {
  int64_t parameters = 0;
  size_t weight_bytes = 0;
  double bits_per_weight = 0;             ///< scales and biases included
  std::optional<MergeReport> merge = {};  ///< of adapters
};

/// Writes the model at `source` (whatever ModelFiles::open takes) to `destination`, which must not
/// exist: whole, or not at all. Needs about as much memory as the largest tensor several times
/// over, whatever the size of the model. Tokenizer files, generation_config.json and the chat
/// template go along.
///
/// None when stopped. Throws ModelError: what ModelFiles::open throws, a destination that exists, a
/// full disk, a plan that makes no sense, a family or tokenizer that GGUF has no words for.
std::optional<ConversionReport> convert(const std::filesystem::path& source,
                                        const std::filesystem::path& destination,
                                        const ConvertOptions& options,
                                        const ConversionWatch& watch = {});

}  // namespace quern::models
