#include "models/training/data/token_places.h"

#include <algorithm>

namespace quern::models {

namespace {

/// Steps over a token's bytes at `position`, also when its first space was set there by the
/// tokenizer.
bool step_over(std::string_view text, std::string_view bytes, size_t& position) {
  const std::string_view rest = text.substr(position);
  if (rest.starts_with(bytes)) {
    position += bytes.size();
    return true;
  }
  if (!bytes.starts_with(' ') || !rest.starts_with(bytes.substr(1))) return false;
  position += bytes.size() - 1;
  return true;
}

size_t behind_white_space(std::string_view text, size_t position) {
  return std::min(text.find_first_not_of(" \t\r\n", position), text.size());
}

}  // namespace

TokenPlaces::TokenPlaces(const Tokenizer& tokenizer)
    : tokenizer_(tokenizer),
      first_bytes_(tokenizer.token_bytes(/*at_start=*/true)),
      bytes_(tokenizer.token_bytes(/*at_start=*/false)) {}

const std::string& TokenPlaces::bytes_of(int32_t id, bool at_start) const {
  return (at_start ? first_bytes_ : bytes_).at(static_cast<size_t>(id));
}

std::optional<std::vector<size_t>> TokenPlaces::starts(std::string_view text,
                                                       std::span<const int32_t> ids) const {
  std::vector<size_t> starts(ids.size());
  size_t position = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string& bytes = bytes_of(ids[i], i == 0);
    starts[i] = position;
    if (step_over(text, bytes, position)) continue;
    starts[i] = position = behind_white_space(text, position);
    if (!step_over(text, bytes, position)) return std::nullopt;
  }
  if (behind_white_space(text, position) != text.size()) return std::nullopt;
  return starts;
}

size_t TokenPlaces::encoded_before(std::string_view text, std::span<const int32_t> ids,
                                   size_t position) const {
  const auto before = tokenizer_.encode(text.substr(0, position), /*add_special_tokens=*/false);
  const auto end = std::mismatch(before.begin(), before.end(), ids.begin(), ids.end());
  const auto same = static_cast<size_t>(end.first - before.begin());
  // The first token that differs begins before the position and ends behind it.
  return std::min(same == before.size() ? same : same + 1, ids.size());
}

std::vector<size_t> TokenPlaces::counts_before(std::string_view text, std::span<const int32_t> ids,
                                               std::span<const size_t> positions) const {
  std::vector<size_t> counts;
  const auto starts = this->starts(text, ids);
  for (const size_t position : positions) {
    if (starts) {
      const auto end = std::lower_bound(starts->begin(), starts->end(), position);
      counts.push_back(static_cast<size_t>(end - starts->begin()));
    } else {
      counts.push_back(encoded_before(text, ids, position));
    }
  }
  return counts;
}

}  // namespace quern::models
