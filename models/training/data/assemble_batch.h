#pragma once

#include <span>
#include <vector>

#include "models/training/batch.h"
#include "models/training/data/row_encoder.h"

namespace quern::models {

/// Columns for sequences of at most so many tokens: one and a multiple of 32, since a step sees all
/// but the last and learns all but the first; no more than max_seq_length.
int padded_columns(int longest, int max_seq_length);

/// A row of the batch for each sequence; of preferences all chosen ones and then all rejected ones.
Batch padded_batch(std::span<const EncodedRow* const> rows, int max_seq_length);

/// The sequences, each at most `capacity` long, in as few groups as first-fit decreasing finds
/// (within 11/9 of the fewest, and one; Johnson 1973): indices, ascending within a group.
std::vector<std::vector<size_t>> fit_into_rows(std::span<const size_t> lengths, size_t capacity);

/// One row of all these sequences, one behind the other.
Batch packed_batch(std::span<const EncodedRow* const> rows);

}  // namespace quern::models
