#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "models/training/data/data_report.h"
#include "models/training/data/row_encoder.h"
#include "models/training/data/row_list.h"

namespace quern::models {

struct CheckOptions {
  FeatureNames features = {};
  /// What the rows must be; else they must be what the first good one is.
  std::optional<RowKind> kind = {};
  /// So many bytes of rows are tokenized to learn their lengths; what comes behind is estimated.
  uint64_t most_encoded_bytes = uint64_t(32) << 20;
  /// Bytes checked so far and in all; called now and then. May be empty.
  std::function<void(uint64_t done, uint64_t total)> on_progress = {};
  std::stop_token cancel = {};
};

/// A checked file.
struct CheckedRows {
  DataReport report;
  RowList rows;  ///< the good ones, in the file's order
  /// For each of these a number that is the same for the same bytes.
  std::vector<uint64_t> hashes;
};

/// One pass over a file, record by record: every row is parsed, and with an encoder also rendered
/// by the chat template. Memory does not grow with the
/// file but by 20 bytes a row.
///
/// Throws ModelError when the file cannot be read or its format is not known, when no row in it is
/// good, when it holds conversations and the encoder has no chat template, and when cancelled.
CheckedRows check_data(const std::filesystem::path& path, const RowEncoder* encoder,
                       const CheckOptions& options);

}  // namespace quern::models
