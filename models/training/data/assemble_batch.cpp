#include "models/training/data/assemble_batch.h"

#include <algorithm>
#include <numeric>

namespace quern::models {

namespace {

void put(const EncodedSequence& sequence, size_t at, Batch& batch) {
  std::copy(sequence.tokens.begin(), sequence.tokens.end(),
            batch.tokens.begin() + static_cast<ptrdiff_t>(at));
  std::copy(sequence.supervised.begin(), sequence.supervised.end(),
            batch.supervised.begin() + static_cast<ptrdiff_t>(at));
  batch.lengths.push_back(static_cast<int>(sequence.tokens.size()));
}

void make_room(int rows, int columns, Batch& batch) {
  batch.rows = rows;
  batch.columns = columns;
  const size_t count = static_cast<size_t>(rows) * static_cast<size_t>(columns);
  batch.tokens.assign(count, 0);
  batch.supervised.assign(count, 0);
}

}  // namespace

int padded_columns(int longest, int max_seq_length) {
  return std::min(1 + (longest - 1 + 31) / 32 * 32, max_seq_length);
}

Batch padded_batch(std::span<const EncodedRow* const> rows, int max_seq_length) {
  std::vector<const EncodedSequence*> sequences;
  for (const EncodedRow* row : rows) sequences.push_back(&row->sequence);
  for (const EncodedRow* row : rows) {
    if (row->rejected) sequences.push_back(&*row->rejected);
  }
  size_t longest = 0;
  for (const EncodedSequence* sequence : sequences) {
    longest = std::max(longest, sequence->tokens.size());
  }
  Batch batch;
  batch.has_pairs = sequences.size() > rows.size();
  make_room(static_cast<int>(sequences.size()),
            padded_columns(static_cast<int>(longest), max_seq_length), batch);
  for (size_t i = 0; i < sequences.size(); ++i) {
    put(*sequences[i], i * static_cast<size_t>(batch.columns), batch);
  }
  return batch;
}

std::vector<std::vector<size_t>> fit_into_rows(std::span<const size_t> lengths, size_t capacity) {
  std::vector<size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lengths[a] > lengths[b]; });
  std::vector<std::vector<size_t>> groups;
  std::vector<size_t> free;
  for (const size_t index : order) {
    const auto room = std::find_if(free.begin(), free.end(),
                                   [&](size_t space) { return space >= lengths[index]; });
    const auto group = static_cast<size_t>(room - free.begin());
    if (room == free.end()) {
      groups.emplace_back();
      free.push_back(capacity);
    }
    groups[group].push_back(index);
    free[group] -= lengths[index];
  }
  for (auto& group : groups) std::sort(group.begin(), group.end());
  return groups;
}

Batch packed_batch(std::span<const EncodedRow* const> rows) {
  size_t columns = 0;
  for (const EncodedRow* row : rows) columns += row->sequence.tokens.size();
  Batch batch;
  batch.packed = true;
  make_room(1, static_cast<int>(columns), batch);
  size_t at = 0;
  for (const EncodedRow* row : rows) {
    put(row->sequence, at, batch);
    at += row->sequence.tokens.size();
  }
  return batch;
}

}  // namespace quern::models
