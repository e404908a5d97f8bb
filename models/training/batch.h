#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace quern::models {

/// Token rows to train on, in memory of their own.
struct Batch {
  int rows = 0, columns = 0;
  std::vector<int32_t> tokens;  ///< [rows, columns], padded at the end with 0
  /// [rows, columns]: 1 where the token is one that the model is to learn to say. The first of a
  /// sequence never is; padding never is.
  std::vector<uint8_t> supervised;
  std::vector<int> lengths;  ///< of each sequence, without padding: [rows], or of the packed ones
  /// The sequences lie one after the other in one row, without padding, and none sees another.
  bool packed = false;
  /// Of preferences: the first half of the rows are chosen answers, the second half the rejected
  /// ones to the same prompts, in the same order.
  bool has_pairs = false;

  int64_t supervised_tokens() const;
};

/// Where a run is in its data: of the next batch.
struct DataPosition {
  int64_t epoch = 0;   ///< from 0
  int64_t window = 0;  ///< of rows that are shuffled and sorted together
  int64_t batch = 0;   ///< within the window
  bool operator==(const DataPosition&) const = default;
};

/// Batches, epoch after epoch without end, the same again for the same seed.
class BatchSource {
 public:
  virtual ~BatchSource() = default;

  /// The next batch; after the last one of an epoch comes the first of the next.
  virtual Batch next() = 0;
  virtual DataPosition position() const = 0;
  /// next() gives what it gave from there before. Throws std::out_of_range for a position that
  /// this data does not have.
  virtual void seek(const DataPosition& position) = 0;

  /// Of one epoch; none when that is known only after one (packing).
  virtual std::optional<int64_t> batches_per_epoch() const = 0;
  /// The largest batch that next() may give, for the memory forecast: rows and columns.
  virtual std::pair<int, int> largest_batch() const = 0;
};

}  // namespace quern::models
