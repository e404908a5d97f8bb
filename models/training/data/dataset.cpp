#include "models/training/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <system_error>

#include "models/error.h"
#include "models/training/data/held_out.h"
#include "models/training/data/shuffle.h"

namespace quern::models {

namespace {

constexpr const char* extensions[] = {".jsonl", ".json", ".csv", ".txt"};

std::filesystem::path named(const std::filesystem::path& folder,
                            std::initializer_list<const char*> names) {
  for (const char* name : names) {
    for (const char* extension : extensions) {
      const auto path = folder / fmt::format("{}{}", name, extension);
      if (std::filesystem::exists(path)) return path;
    }
  }
  return {};
}

/// The only data file of a folder, or none.
std::filesystem::path only_file(const std::filesystem::path& folder) {
  std::filesystem::path found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string extension = entry.path().extension().string();
    const bool is_data =
        std::find(std::begin(extensions), std::end(extensions), extension) != std::end(extensions);
    if (!is_data) continue;
    if (!found.empty()) return {};
    found = entry.path();
  }
  return found;
}

uint64_t fingerprint_of(const std::vector<uint64_t>& hashes) {
  uint64_t fingerprint = hashes.size();
  for (const uint64_t hash : hashes) fingerprint = mixed(fingerprint, hash);
  return fingerprint;
}

}  // namespace

DataFiles find_data_files(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return {path, {}, {}};
  DataFiles files{named(path, {"train"}), named(path, {"valid", "validation"}),
                  named(path, {"test"})};
  if (files.train.empty() && files.valid.empty() && files.test.empty()) {
    files.train = only_file(path);
  }
  if (!files.train.empty()) return files;
  throw ModelError(fmt::format("[data] {}: no data set in this folder", path.string()),
                   "It needs train.jsonl, train.json, train.csv or train.txt, and may hold valid "
                   "and test beside it.");
}

Dataset Dataset::open(const std::filesystem::path& path, std::shared_ptr<const RowEncoder> encoder,
                      const DatasetOptions& options) {
  const DataFiles files = find_data_files(path);
  Dataset data(std::move(encoder));
  CheckedRows train = check_data(files.train, data.encoder_.get(), options.check);
  CheckOptions same_kind = options.check;
  same_kind.kind = train.report.kind;
  const auto checked = [&](const std::filesystem::path& file) -> std::optional<Part> {
    if (file.empty()) return std::nullopt;
    CheckedRows rows = check_data(file, data.encoder_.get(), same_kind);
    return Part{std::move(rows.report), std::make_shared<const RowList>(std::move(rows.rows)),
                fingerprint_of(rows.hashes)};
  };
  data.valid_ = checked(files.valid);
  data.test_ = checked(files.test);
  data.train_.report = std::move(train.report);
  data.train_.fingerprint = fingerprint_of(train.hashes);
  if (!data.valid_) {
    const auto is_held_out = choose_held_out(train.hashes, options.valid_fraction,
                                             options.most_valid_rows, options.seed);
    RowList rest = train.rows.empty_copy(), held_out = train.rows.empty_copy();
    for (size_t i = 0; i < train.rows.size(); ++i) {
      (is_held_out[i] ? held_out : rest).add(train.rows, i);
    }
    train.rows = std::move(rest);
    if (held_out.size() != 0) {
      data.valid_ = Part{data.train_.report, std::make_shared<const RowList>(std::move(held_out)),
                         data.train_.fingerprint};
    }
  }
  data.train_.rows = std::make_shared<const RowList>(std::move(train.rows));
  return data;
}

std::unique_ptr<RowBatches> Dataset::batches(const Part& part,
                                             const RowBatchOptions& options) const {
  if (!encoder_) throw std::logic_error("[data] batches of a data set opened without an encoder");
  const DataReport& report = part.report;
  return std::make_unique<RowBatches>(
      part.rows, encoder_, options,
      RowBatches::Forecast{
          .longest = report.lengths_are_estimates
                         ? 0
                         : static_cast<int>(std::min<int64_t>(report.longest,
                                                              encoder_->options().max_seq_length)),
          .all_are_usable = report.unsure == 0});
}

std::unique_ptr<RowBatches> Dataset::train_batches(const RowBatchOptions& options) const {
  return batches(train_, options);
}

std::unique_ptr<RowBatches> Dataset::valid_batches(RowBatchOptions options) const {
  options.shuffles = false;
  return batches(valid_.value(), options);
}

std::unique_ptr<RowBatches> Dataset::test_batches(RowBatchOptions options) const {
  options.shuffles = false;
  return batches(test_.value(), options);
}

}  // namespace quern::models
