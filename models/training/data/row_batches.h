#pragma once

#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "models/training/batch.h"
#include "models/training/data/row_encoder.h"
#include "models/training/data/row_list.h"

namespace quern::models {

struct RowBatchOptions {
  int batch_size =
      4;  ///< rows of the data to a batch; when packing only the window follows from it
  uint64_t seed = 0;
  bool shuffles = true;  ///< else every epoch has the same order, as for validation
  /// Sequences lie one behind the other in rows of at most max_seq_length tokens.
  bool packs = false;
  int window_batches = 64;  ///< so many times batch_size rows are sorted by length together
};

/// What has become of rows since the source was made.
struct BatchCounts {
  int64_t rows = 0;       ///< given out in batches
  int64_t truncated = 0;  ///< of these, without their end
  int64_t left_out = 0;   ///< too long, or nothing to learn
};

/// Batches from rows of a file. Each epoch takes the rows in an order of its own, window by window:
/// the rows of a window are tokenized, sorted by length and cut into batches, which come in random
/// order; no row is left over. Only two windows are ever in memory: while one is used, a thread
/// prepares the next.
///
/// What comes at a position follows from the rows, the encoder, the options and the position alone.
/// Belongs to one thread.
class RowBatches final : public BatchSource {
 public:
  /// What is known of the rows beforehand.
  struct Forecast {
    int longest = 0;              ///< tokens of the longest row; 0: not known
    bool all_are_usable = false;  ///< none will be left out
  };

  /// Throws ModelError: no rows, a batch size or window below 1, preferences that are to be packed.
  RowBatches(std::shared_ptr<const RowList> rows, std::shared_ptr<const RowEncoder> encoder,
             RowBatchOptions options, Forecast forecast);
  ~RowBatches() override;

  Batch next() override;
  DataPosition position() const override { return position_; }
  void seek(const DataPosition& position) override;
  std::optional<int64_t> batches_per_epoch() const override;
  std::pair<int, int> largest_batch() const override;

  const BatchCounts& counts() const { return counts_; }

 private:
  struct Window {
    std::vector<Batch> batches;
    BatchCounts counts;
  };

  using RowGroup = std::vector<const EncodedRow*>;  ///< what becomes a batch

  int64_t window_rows() const;
  int64_t windows() const;
  DataPosition behind(const DataPosition& position) const;
  std::vector<uint32_t> rows_of(int64_t epoch, int64_t window);
  Window prepare(int64_t epoch, int64_t window);
  std::vector<RowGroup> length_groups(const std::vector<EncodedRow>& rows) const;
  std::vector<RowGroup> packed_groups(const std::vector<EncodedRow>& rows) const;
  void load();
  void read_ahead();

  std::shared_ptr<const RowList> rows_;
  std::shared_ptr<const RowEncoder> encoder_;
  RowBatchOptions options_;
  Forecast forecast_;

  DataPosition position_;
  BatchCounts counts_;
  std::optional<Window> window_;  ///< that of position_, once it is needed

  std::vector<uint32_t> order_;  ///< of the epoch's rows; only prepare() touches it
  int64_t order_epoch_ = -1;
  DataPosition ahead_position_;
  std::future<Window> ahead_;
};

}  // namespace quern::models
