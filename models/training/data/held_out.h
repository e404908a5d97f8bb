#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace quern::models {

/// Which rows to hold out for validation, by hashes of their text: about `fraction` of them, one at
/// least and about `most` at most, chosen by the seed and not by where they stand. Rows that are
/// alike are all held out or none is, and some row is always left to train on, so that nothing may
/// be held out of a single row.
std::vector<bool> choose_held_out(std::span<const uint64_t> hashes, double fraction, int most,
                                  uint64_t seed);

}  // namespace quern::models
