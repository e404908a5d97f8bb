#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

#include "engine/array/array.h"
#include "models/training/batch.h"

namespace quern::models {

/// Batches that were tokenized beforehand, in the file's order, epoch after epoch.
///
/// A safetensors file of `tokens` [steps, B, T] int32, padded with 0, and `lengths` [steps, B, 2]
/// int32: an offset and a length. Token t of a row, from 0, is learnt where offset <= t < length
/// (and t > 0): so a row's prompt has `offset` tokens and the row `length`. Memory: one batch.
/// A position's batch is the step; its window is always 0.
class TokenizedBatches final : public BatchSource {
 public:
  /// Whether a file may be one.
  static bool is_named_so(const std::filesystem::path& path);

  /// Checks every number. Throws ModelError, naming the tensor and the step: a tensor missing, of
  /// another type or shape, offsets and lengths that are not 0 <= offset <= length <= T, tokens
  /// outside 0 to vocab_size - 1 or other than 0 behind the length, a step with nothing to learn.
  TokenizedBatches(const std::filesystem::path& path, int32_t vocab_size);

  Batch next() override;
  DataPosition position() const override { return position_; }
  void seek(const DataPosition& position) override;
  std::optional<int64_t> batches_per_epoch() const override { return steps_; }
  std::pair<int, int> largest_batch() const override { return {rows_, columns_}; }

  /// Of all numbers.
  uint64_t fingerprint() const;

 private:
  Batch batch_of(int64_t step) const;

  std::filesystem::path path_;
  array tokens_, lengths_;  ///< of the mapped file
  int64_t steps_ = 0;
  int rows_ = 0, columns_ = 0;
  DataPosition position_;
};

}  // namespace quern::models
