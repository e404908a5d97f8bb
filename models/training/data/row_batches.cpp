#include "models/training/data/row_batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "models/training/data/assemble_batch.h"
#include "models/training/data/shuffle.h"

namespace quern::models {

RowBatches::RowBatches(std::shared_ptr<const RowList> rows,
                       std::shared_ptr<const RowEncoder> encoder, RowBatchOptions options,
                       Forecast forecast)
    : rows_(std::move(rows)), encoder_(std::move(encoder)), options_(options), forecast_(forecast) {
  if (rows_->size() == 0) {
    throw ModelError("[data] no rows to make batches of", "Give a file with at least one row.");
  }
  if (rows_->size() > UINT32_MAX) {
    throw ModelError(
        fmt::format("[data] {} rows: at most {} are shuffled", rows_->size(), UINT32_MAX),
        "Divide the file.");
  }
  if (options_.batch_size < 1 || options_.window_batches < 1) {
    throw ModelError(fmt::format("[data] batches of {} rows in windows of {} batches",
                                 options_.batch_size, options_.window_batches),
                     "Both must be at least 1.");
  }
  if (options_.packs && rows_->kind() == RowKind::preference) {
    throw ModelError("[data] preferences cannot be packed: their answers go in pairs",
                     "Turn packing off.");
  }
}

RowBatches::~RowBatches() = default;  // waits for the thread that reads ahead

int64_t RowBatches::window_rows() const {
  return int64_t{options_.batch_size} * options_.window_batches;
}

int64_t RowBatches::windows() const {
  const auto rows = static_cast<int64_t>(rows_->size());
  return (rows + window_rows() - 1) / window_rows();
}

DataPosition RowBatches::behind(const DataPosition& position) const {
  if (position.window + 1 < windows()) return {position.epoch, position.window + 1, 0};
  return {position.epoch + 1, 0, 0};
}

std::vector<uint32_t> RowBatches::rows_of(int64_t epoch, int64_t window) {
  const int64_t wanted = options_.shuffles ? epoch : 0;
  if (order_epoch_ != wanted) {
    order_.resize(rows_->size());
    std::iota(order_.begin(), order_.end(), uint32_t{0});
    if (options_.shuffles) {
      shuffle(std::span(order_), mixed(options_.seed, static_cast<uint64_t>(epoch)));
    }
    order_epoch_ = wanted;
  }
  const auto begin = order_.begin() + window * window_rows();
  const auto end =
      order_.begin() + std::min((window + 1) * window_rows(), static_cast<int64_t>(order_.size()));
  return {begin, end};
}

RowBatches::Window RowBatches::prepare(int64_t epoch, int64_t window) {
  Window out;
  std::vector<EncodedRow> rows;
  for (const uint32_t index : rows_of(epoch, window)) {
    try {
      rows.push_back(encoder_->encode(rows_->read(index)));
      out.counts.truncated += rows.back().is_truncated;
    } catch (const RowError&) {
      ++out.counts.left_out;
    }
  }
  out.counts.rows = static_cast<int64_t>(rows.size());
  auto groups = options_.packs ? packed_groups(rows) : length_groups(rows);
  if (options_.shuffles) {
    const uint64_t seed = mixed(options_.seed, static_cast<uint64_t>(epoch));
    shuffle(std::span(groups), mixed(seed, static_cast<uint64_t>(window) + 1));
  }
  for (const RowGroup& group : groups) {
    out.batches.push_back(options_.packs ? packed_batch(group)
                                         : padded_batch(group, encoder_->options().max_seq_length));
  }
  return out;
}

std::vector<RowBatches::RowGroup> RowBatches::length_groups(
    const std::vector<EncodedRow>& rows) const {
  RowGroup sorted;
  for (const EncodedRow& row : rows) sorted.push_back(&row);
  std::stable_sort(sorted.begin(), sorted.end(), [](const EncodedRow* a, const EncodedRow* b) {
    return a->length() < b->length();
  });
  std::vector<RowGroup> groups;
  const auto size = static_cast<size_t>(options_.batch_size);
  for (size_t begin = 0; begin < sorted.size(); begin += size) {
    const size_t end = std::min(begin + size, sorted.size());
    groups.emplace_back(sorted.begin() + static_cast<ptrdiff_t>(begin),
                        sorted.begin() + static_cast<ptrdiff_t>(end));
  }
  return groups;
}

std::vector<RowBatches::RowGroup> RowBatches::packed_groups(
    const std::vector<EncodedRow>& rows) const {
  std::vector<size_t> lengths;
  for (const EncodedRow& row : rows) lengths.push_back(row.length());
  const auto capacity = static_cast<size_t>(encoder_->options().max_seq_length);
  std::vector<RowGroup> groups;
  for (const auto& indices : fit_into_rows(lengths, capacity)) {
    groups.emplace_back();
    for (const size_t index : indices) groups.back().push_back(&rows[index]);
  }
  return groups;
}

/// Makes window_ that of position_.
void RowBatches::load() {
  if (window_) return;
  const DataPosition start{position_.epoch, position_.window, 0};
  std::future<Window> ahead = std::move(ahead_);
  if (ahead.valid() && ahead_position_ == start) {
    window_ = ahead.get();
  } else {
    if (ahead.valid()) ahead.wait();
    window_ = prepare(position_.epoch, position_.window);
  }
  read_ahead();
}

void RowBatches::read_ahead() {
  ahead_position_ = behind(position_);
  ahead_ = std::async(std::launch::async,
                      [this, next = ahead_position_] { return prepare(next.epoch, next.window); });
}

Batch RowBatches::next() {
  int64_t empty_windows = 0;
  load();
  while (window_->batches.empty()) {
    if (++empty_windows > windows()) {
      throw ModelError(fmt::format("[data] none of {} rows has anything to learn within {} tokens",
                                   rows_->size(), encoder_->options().max_seq_length),
                       "Raise max_seq_length.");
    }
    counts_.left_out += window_->counts.left_out;
    position_ = behind(position_);
    window_.reset();
    load();
  }
  Batch batch = std::move(window_->batches[static_cast<size_t>(position_.batch)]);
  if (++position_.batch == static_cast<int64_t>(window_->batches.size())) {
    counts_.rows += window_->counts.rows;
    counts_.truncated += window_->counts.truncated;
    counts_.left_out += window_->counts.left_out;
    position_ = behind(position_);
    window_.reset();
  }
  return batch;
}

void RowBatches::seek(const DataPosition& position) {
  const bool exists = position.epoch >= 0 && position.window >= 0 && position.window < windows() &&
                      position.batch >= 0;
  const DataPosition before = position_;
  if (exists) {
    position_ = position;
    window_.reset();
    if (position.batch == 0) return;
    load();
    if (position.batch < static_cast<int64_t>(window_->batches.size())) return;
    window_.reset();
    position_ = before;
  }
  throw std::out_of_range(
      fmt::format("[data] epoch {}, window {}, batch {}: no such batch in {} "
                  "windows",
                  position.epoch, position.window, position.batch, windows()));
}

std::optional<int64_t> RowBatches::batches_per_epoch() const {
  if (options_.packs || !forecast_.all_are_usable) return std::nullopt;
  // All windows but the last are whole numbers of batches.
  const auto rows = static_cast<int64_t>(rows_->size());
  return (rows + options_.batch_size - 1) / options_.batch_size;
}

std::pair<int, int> RowBatches::largest_batch() const {
  const int limit = encoder_->options().max_seq_length;
  if (options_.packs) return {1, limit};
  const auto rows =
      static_cast<int>(std::min<int64_t>(options_.batch_size, static_cast<int64_t>(rows_->size())));
  const int longest = forecast_.longest == 0 ? limit : std::min(forecast_.longest, limit);
  return {rows_->kind() == RowKind::preference ? 2 * rows : rows, padded_columns(longest, limit)};
}

}  // namespace quern::models
