#include "models/generate/ngram_drafter.h"

#include <algorithm>

namespace quern::models {

Draft NgramDrafter::propose(std::span<const int32_t> text, int most) {
  for (int n = std::min(longest_, int(text.size()) - 1); n >= shortest_; --n) {
    const auto last = text.last(size_t(n));
    // The latest place at which something follows.
    const auto found = std::find_end(text.begin(), text.end() - 1, last.begin(), last.end());
    if (found == text.end() - 1) continue;
    const auto begin = found + n;
    return {{begin, begin + std::min<std::ptrdiff_t>(most, text.end() - begin)}, {}};
  }
  return {};
}

}  // namespace quern::models
