#include "models/generate/stop_matcher.h"

#include <algorithm>
#include <utility>

namespace quern::models {

StopMatcher::StopMatcher(std::vector<std::string> stop_texts) : stop_texts_(std::move(stop_texts)) {
  std::erase(stop_texts_, std::string());
}

std::string StopMatcher::add(std::string_view piece) {
  if (stopped_) return {};
  held_ += piece;
  const size_t match = find_match();
  stopped_ = match != std::string::npos;
  const size_t length = stopped_ ? match : held_.size() - length_to_hold();
  std::string out = held_.substr(0, length);
  held_.erase(0, stopped_ ? std::string::npos : length);
  return out;
}

std::string StopMatcher::finish() { return std::exchange(held_, {}); }

size_t StopMatcher::find_match() const {
  size_t begin = std::string::npos, end = std::string::npos;
  for (const std::string& stop : stop_texts_) {
    const size_t found = held_.find(stop);
    if (found == std::string::npos) continue;
    const size_t found_end = found + stop.size();
    if (found_end < end || (found_end == end && found < begin)) {
      begin = found;
      end = found_end;
    }
  }
  return begin;
}

size_t StopMatcher::length_to_hold() const {
  size_t longest = 0;
  for (const std::string& stop : stop_texts_) {
    for (size_t n = std::min(stop.size() - 1, held_.size()); n > longest; --n) {
      if (held_.ends_with(std::string_view(stop).substr(0, n))) {
        longest = n;
        break;
      }
    }
  }
  return longest;
}

}  // namespace quern::models
