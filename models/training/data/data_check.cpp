#include "models/training/data/data_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "models/error.h"
#include "models/training/data/shuffle.h"

namespace quern::models {

namespace {

/// A text has no more tokens than bytes and these: the ones set around it, and inserted spaces.
constexpr size_t extra_tokens = 16;

uint64_t hash_of(std::string_view bytes) {
  uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return mixed(hash, bytes.size());
}

class Check {
 public:
  Check(const std::filesystem::path& path, const RowEncoder* encoder, const CheckOptions& options)
      : encoder_(encoder),
        options_(options),
        file_(std::make_shared<const DataFile>(path)),
        layout_(recognise_layout(*file_, options.features.columns())),
        parser_(layout_, options.features),
        kind_(options.kind),
        rows_(file_, parser_, RowKind::text) {
    report_.path = path;
    report_.format = layout_.format;
  }

  CheckedRows run() {
    const auto scanner = RecordScanner::make(*file_, layout_);
    Record record;
    while (scanner->next(record)) {
      ++report_.rows;
      take(record);
      if (report_.rows % 1024 == 0) pause(record.offset);
    }
    if (kind_) report_.kind = *kind_;
    rows_.set_kind(report_.kind);
    if (rows_.size() == 0) refuse_all();
    return {std::move(report_), std::move(rows_), std::move(hashes_)};
  }

 private:
  void take(const Record& record) {
    try {
      const Row row = parser_.parse(record);
      if (kind_ && row.kind != *kind_) {
        throw RowError(
            fmt::format("a row of {} among rows of {}", name_of(row.kind), name_of(*kind_)));
      }
      if (encoder_) measure(row, record.bytes.size());
      kind_ = row.kind;
      ++report_.good;
      rows_.add(record);
      hashes_.push_back(hash_of(record.bytes));
    } catch (const RowTooLong&) {
      ++report_.left_out;
    } catch (const RowError& error) {
      ++report_.bad;
      if (report_.bad_rows.size() < DataReport::most_bad_rows) {
        report_.bad_rows.push_back({record.line, record.number, error.what()});
      }
    }
  }

  /// Throws RowError when the row cannot be encoded.
  void measure(const Row& row, size_t record_bytes) {
    if (encoded_bytes_ < options_.most_encoded_bytes) {
      const EncodedRow encoded = encoder_->encode(row);
      encoded_bytes_ += record_bytes;
      encoded_tokens_ += encoded.uncut_length;
      return count(encoded.uncut_length, encoded.is_truncated);
    }
    const auto limit = static_cast<size_t>(encoder_->options().max_seq_length);
    report_.lengths_are_estimates = true;
    const RenderedSize size = encoder_->render(row);
    const size_t needed = encoder_->options().drop_long ? size.all : size.before_answer;
    report_.unsure += needed + extra_tokens > limit;
    const double ratio = double(encoded_tokens_) / double(encoded_bytes_);
    const auto tokens = static_cast<size_t>(std::ceil(double(record_bytes) * ratio));
    count(tokens, tokens > limit);
  }

  void count(size_t tokens, bool is_truncated) {
    const auto limit = static_cast<size_t>(encoder_->options().max_seq_length);
    report_.truncated += is_truncated;
    report_.tokens += static_cast<int64_t>(std::min(tokens, limit));
    report_.longest = std::max(report_.longest, static_cast<int64_t>(tokens));
  }

  void pause(uint64_t offset) const {
    if (options_.on_progress) options_.on_progress(offset, file_->size());
    if (options_.cancel.stop_requested()) {
      throw ModelError(fmt::format("[data] {}: the check was cancelled", report_.path.string()),
                       "Start it again.");
    }
  }

  [[noreturn]] void refuse_all() const {
    refuse_bad_rows(report_);
    throw ModelError(
        fmt::format("[data] {}: none of {} rows can be trained on; {} are left out as too long",
                    report_.path.string(), report_.rows, report_.left_out),
        "Raise max_seq_length.");
  }

  const RowEncoder* encoder_;
  const CheckOptions& options_;
  std::shared_ptr<const DataFile> file_;
  DataLayout layout_;
  RowParser parser_;
  std::optional<RowKind> kind_;
  DataReport report_;
  RowList rows_;
  std::vector<uint64_t> hashes_;
  uint64_t encoded_bytes_ = 0, encoded_tokens_ = 0;
};

}  // namespace

CheckedRows check_data(const std::filesystem::path& path, const RowEncoder* encoder,
                       const CheckOptions& options) {
  return Check(path, encoder, options).run();
}

}  // namespace quern::models
