#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "models/training/data/data_check.h"
#include "models/training/data/row_batches.h"

namespace quern::models {

struct DatasetOptions {
  CheckOptions check = {};
  /// Part of the rows that is held out for validation where no file is given for that; 0: none.
  double valid_fraction = 0.1;
  int most_valid_rows = 500;
  uint64_t seed = 0;  ///< decides which
};

/// Rows to train on, to validate and to test with.
///
///     const auto encoder = RowEncoder::for_model(model, {.max_seq_length = 1024});
///     const Dataset data = Dataset::open("querns.jsonl", encoder);
///     refuse_bad_rows(data.train().report);
///     const auto batches = data.train_batches({.batch_size = 8, .seed = 1});
///     while (more) learn(batches->next());
///
/// Immutable; any thread may ask it for batches.
class Dataset {
 public:
  /// path: a file (JSON lines, a JSON array, CSV or .txt), or a folder with `train` and perhaps
  /// `valid` and `test`, each .jsonl, .json, .csv or .txt, or with one file alone. Every row is
  /// checked; what is bad is left out and told in the reports. Where there is no `valid`, some rows
  /// of `train` are held out: the same for the same rows and seed, whatever their order, and of
  /// rows that are alike all or none.
  ///
  /// Throws ModelError as check_data() does.
  static Dataset open(const std::filesystem::path& path, std::shared_ptr<const RowEncoder> encoder,
                      const DatasetOptions& options = {});

  struct Part {
    DataReport report;  ///< of the whole file, also where two parts share it
    std::shared_ptr<const RowList> rows;
    /// Of all good rows of the file and their order: positions in batches mean the same only in
    /// data of the same fingerprint.
    uint64_t fingerprint = 0;
  };

  const Part& train() const { return train_; }
  /// None when nothing could be held out: a single row, or rows that are all alike.
  const std::optional<Part>& valid() const { return valid_; }
  const std::optional<Part>& test() const { return test_; }
  const RowEncoder& encoder() const { return *encoder_; }

  std::unique_ptr<RowBatches> train_batches(const RowBatchOptions& options) const;
  /// In the same order every epoch. The part must exist.
  std::unique_ptr<RowBatches> valid_batches(RowBatchOptions options) const;
  std::unique_ptr<RowBatches> test_batches(RowBatchOptions options) const;

 private:
  explicit Dataset(std::shared_ptr<const RowEncoder> encoder) : encoder_(std::move(encoder)) {}

  std::unique_ptr<RowBatches> batches(const Part& part, const RowBatchOptions& options) const;

  std::shared_ptr<const RowEncoder> encoder_;
  Part train_;
  std::optional<Part> valid_, test_;
};

/// The files of a data set; of valid and test perhaps none.
struct DataFiles {
  std::filesystem::path train, valid, test;
};

/// As Dataset::open() finds them. Throws ModelError when there is nothing to train on.
DataFiles find_data_files(const std::filesystem::path& path);

}  // namespace quern::models
