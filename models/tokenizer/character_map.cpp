#include "models/tokenizer/character_map.h"

#include <fmt/format.h>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

namespace {

uint32_t little_endian(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + i])) << 8 * i;
  }
  return value;
}

// A unit of the double array: whether a key ends here, the byte that leads to it, and how its
// children are found; a unit that holds a value has its highest bit set.
bool has_value(uint32_t unit) { return unit >> 8 & 1; }
uint32_t label(uint32_t unit) { return unit & 0x800000FF; }
uint32_t offset(uint32_t unit) { return unit >> 10 << ((unit & 0x200) >> 6); }
uint32_t value(uint32_t unit) { return unit & 0x7FFFFFFF; }

}  // namespace

CharacterMap::CharacterMap(std::string_view bytes) {
  if (bytes.empty()) return;
  size_t trie_size = bytes.size() < 4 ? 0 : little_endian(bytes, 0);
  if (trie_size == 0 || trie_size % 4 != 0 || trie_size > bytes.size() - 4) {
    throw FormatError(fmt::format("the character map of {} bytes has a trie of {} bytes",
                                  bytes.size(), trie_size));
  }
  for (size_t at = 4; at < 4 + trie_size; at += 4) units_.push_back(little_endian(bytes, at));
  replacements_ = bytes.substr(4 + trie_size);
  if (!is_valid_utf8(replacements_)) {
    throw FormatError("the character map's replacements are not valid UTF-8");
  }
}

std::string CharacterMap::bytes() const {
  if (units_.empty()) return "";
  std::string out;
  auto append = [&](uint32_t word) {
    for (int i = 0; i < 4; ++i) out += static_cast<char>(word >> 8 * i);
  };
  append(static_cast<uint32_t>(4 * units_.size()));
  for (uint32_t unit : units_) append(unit);
  return out + replacements_;
}

template <class Visit>
void CharacterMap::walk(std::string_view text, Visit visit) const {
  if (units_.empty()) return;
  size_t node = offset(units_[0]);
  for (size_t i = 0; i < text.size() && text[i] != '\0'; ++i) {
    auto byte = static_cast<uint8_t>(text[i]);
    node ^= byte;
    if (node >= units_.size() || label(units_[node]) != byte) return;
    uint32_t unit = units_[node];
    node ^= offset(unit);
    if (!has_value(unit)) continue;
    if (node >= units_.size()) return;
    size_t place = value(units_[node]);
    // A damaged trie could point into a character or match half of one.
    bool is_whole = i + 1 == text.size() || (text[i + 1] & 0xC0) != 0x80;
    if (place >= replacements_.size() || (replacements_[place] & 0xC0) == 0x80 || !is_whole) return;
    size_t end = std::min(replacements_.find('\0', place), replacements_.size());
    if (!visit(i + 1, std::string_view(replacements_).substr(place, end - place))) return;
  }
}

std::optional<std::pair<size_t, std::string_view>> CharacterMap::longest(
    std::string_view text) const {
  std::optional<std::pair<size_t, std::string_view>> found;
  walk(text, [&](size_t length, std::string_view replacement) {
    found = {length, replacement};
    return true;
  });
  return found;
}

std::optional<std::string_view> CharacterMap::shortest(std::string_view text) const {
  std::optional<std::string_view> found;
  walk(text, [&](size_t, std::string_view replacement) {
    found = replacement;
    return false;
  });
  return found;
}

}  // namespace quern::models
