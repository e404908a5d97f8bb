#include "models/generate/structured/character_set.h"

#include <algorithm>

namespace quern::models::structured {
namespace {

constexpr CharacterSet::Range scalar_values[] = {{0, 0xD7FF}, {0xE000, 0x10FFFF}};

}  // namespace

CharacterSet::CharacterSet(std::initializer_list<Range> ranges) {
  for (const Range& range : ranges) add(range.first, range.last);
}

CharacterSet CharacterSet::all() { return CharacterSet().complement(); }

CharacterSet CharacterSet::of(std::string_view ascii) {
  CharacterSet set;
  for (const char c : ascii) set.add(char32_t(c), char32_t(c));
  return set;
}

void CharacterSet::add(char32_t first, char32_t last) {
  for (const Range& valid : scalar_values) {
    Range added{std::max(first, valid.first), std::min(last, valid.last)};
    if (added.first > added.last) continue;
    const auto begin = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& range) {
      return range.last + 1 >= added.first;
    });
    auto end = begin;
    for (; end != ranges_.end() && end->first <= added.last + 1; ++end) {
      added = {std::min(added.first, end->first), std::max(added.last, end->last)};
    }
    ranges_.insert(ranges_.erase(begin, end), added);
  }
}

void CharacterSet::add(const CharacterSet& other) {
  for (const Range& range : other.ranges_) add(range.first, range.last);
}

CharacterSet CharacterSet::complement() const {
  CharacterSet out;
  char32_t next = 0;
  for (const Range& range : ranges_) {
    if (range.first > next) out.add(next, range.first - 1);
    next = range.last + 1;
  }
  if (next <= 0x10FFFF) out.add(next, 0x10FFFF);
  return out;
}

CharacterSet CharacterSet::without(const CharacterSet& other) const {
  CharacterSet outside = complement();
  outside.add(other);
  return outside.complement();
}

bool CharacterSet::contains(char32_t character) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    return range.first <= character && character <= range.last;
  });
}

}  // namespace quern::models::structured
