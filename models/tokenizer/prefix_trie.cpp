#include "models/tokenizer/prefix_trie.h"

#include <algorithm>

namespace quern::models {

namespace {

/// The keys below a node: a range of the sorted entries that share their first `depth` bytes.
struct Range {
  size_t first;
  size_t last;
  size_t depth;
};

}  // namespace

PrefixTrie::PrefixTrie(std::vector<std::pair<std::string_view, int32_t>> entries) {
  std::erase_if(entries, [](const auto& entry) { return entry.first.empty(); });
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  nodes_.emplace_back();
  labels_.push_back(0);
  std::vector<Range> ranges = {{0, entries.size(), 0}};
  for (size_t node = 0; node < nodes_.size(); ++node) {
    auto [first, last, depth] = ranges[node];
    for (; first < last && entries[first].first.size() == depth; ++first) {
      nodes_[node].value = entries[first].second;
    }
    nodes_[node].first_child = static_cast<uint32_t>(nodes_.size());
    while (first < last) {
      char label = entries[first].first[depth];
      size_t end = first;
      while (end < last && entries[end].first[depth] == label) ++end;
      nodes_.emplace_back();
      labels_.push_back(static_cast<uint8_t>(label));
      ranges.push_back({first, end, depth + 1});
      ++nodes_[node].children;
      first = end;
    }
  }
}

}  // namespace quern::models
