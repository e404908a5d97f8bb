#include "models/cache/prefix_store.h"

#include <algorithm>
#include <utility>

#include "engine/graph/eval.h"

namespace quern::models {

int common_length(std::span<const int32_t> a, std::span<const int32_t> b) {
  const size_t most = std::min(a.size(), b.size());
  return int(std::mismatch(a.begin(), a.begin() + int64_t(most), b.begin()).first - a.begin());
}

PrefixStore::Match PrefixStore::best_match(std::span<const int32_t> prompt) const {
  Match best{sequences_.end(), 0};
  const auto wanted = prompt.first(prompt.empty() ? 0 : prompt.size() - 1);
  for (auto it = sequences_.begin(); it != sequences_.end(); ++it) {
    const int length = it->reachable(common_length(it->tokens(), wanted));
    const bool wastes_less =
        length > 0 && length == best.length && it->length() < best.sequence->length();
    if (length > best.length || wastes_less) best = {it, length};
  }
  return best;
}

int PrefixStore::longest(std::span<const int32_t> prompt) const {
  return best_match(prompt).length;
}

std::optional<SequenceCache> PrefixStore::take(std::span<const int32_t> prompt) {
  const Match best = best_match(prompt);
  if (best.length == 0) return std::nullopt;
  // The same place of the list, which may be changed.
  const auto known = sequences_.erase(best.sequence, best.sequence);
  if (known->length() - best.length > best.length) {
    SequenceCache copy = known->fork(best.length);
    sequences_.splice(sequences_.begin(), sequences_, known);
    return copy;
  }
  SequenceCache taken = std::move(*known);
  sequences_.erase(known);
  taken.rewind(best.length);
  return taken;
}

void PrefixStore::put(SequenceCache sequence) {
  if (sequence.length() == 0) return;
  eval(sequence.arrays());
  std::erase_if(sequences_, [&](const SequenceCache& known) {
    return common_length(known.tokens(), sequence.tokens()) == known.length() &&
           sequence.reachable(known.length()) == known.length();
  });
  sequences_.push_front(std::move(sequence));
  size_t held = 0;
  for (auto it = sequences_.begin(); it != sequences_.end();) {
    held += it->nbytes();
    it = held > max_bytes_ && it != sequences_.begin() ? sequences_.erase(it) : std::next(it);
  }
}

size_t PrefixStore::nbytes() const {
  size_t sum = 0;
  for (const SequenceCache& sequence : sequences_) sum += sequence.nbytes();
  return sum;
}

}  // namespace quern::models
