#include "models/training/data/held_out.h"

#include <algorithm>
#include <cmath>

#include "models/training/data/shuffle.h"

namespace quern::models {

namespace {

/// Of sorted keys, each once: those from the front whose rows are `count` at most together, passing
/// over those of too many rows; when all have too many, the one of fewest rows, unless these are
/// all there are.
std::vector<uint64_t> first_groups(std::span<const uint64_t> sorted, size_t count) {
  std::vector<uint64_t> taken;
  size_t rows = 0, fewest = sorted.size();
  uint64_t smallest_group = 0;
  for (auto begin = sorted.begin(); begin != sorted.end();) {
    const auto end = std::upper_bound(begin, sorted.end(), *begin);
    const auto size = static_cast<size_t>(end - begin);
    if (rows + size <= count && size < sorted.size()) {
      taken.push_back(*begin);
      rows += size;
    }
    if (size < fewest) {
      fewest = size;
      smallest_group = *begin;
    }
    begin = end;
  }
  if (taken.empty() && fewest < sorted.size()) taken.push_back(smallest_group);
  return taken;
}

}  // namespace

std::vector<bool> choose_held_out(std::span<const uint64_t> hashes, double fraction, int most,
                                  uint64_t seed) {
  std::vector<bool> chosen(hashes.size(), false);
  if (fraction <= 0 || most < 1 || hashes.size() < 2) return chosen;
  const double wanted = std::round(static_cast<double>(hashes.size()) * std::min(fraction, 1.0));
  const auto count = std::min(
      static_cast<size_t>(std::clamp(wanted, 1.0, static_cast<double>(most))), hashes.size() - 1);
  std::vector<uint64_t> keys;
  keys.reserve(hashes.size());
  for (const uint64_t hash : hashes) keys.push_back(mixed(seed, hash));
  std::vector<uint64_t> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  const std::vector<uint64_t> taken = first_groups(sorted, count);
  for (size_t i = 0; i < keys.size(); ++i) {
    chosen[i] = std::binary_search(taken.begin(), taken.end(), keys[i]);
  }
  return chosen;
}

}  // namespace quern::models
