#include "models/tokenizer/vocabulary.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"

namespace quern::models {

uint64_t hash_text(std::string_view text) {
  constexpr uint64_t multiplier = 0x9E3779B97F4A7C15u;  // 2^64 / golden ratio, odd
  uint64_t hash = text.size() * multiplier;
  auto mix = [&](uint64_t word) {
    hash = (hash ^ word) * multiplier;
    hash ^= hash >> 32;
  };
  const char* data = text.data();
  size_t left = text.size();
  for (; left >= 8; data += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    mix(word);
  }
  if (left > 0) {
    uint64_t word = 0;
    std::memcpy(&word, data, left);
    mix(word);
  }
  return hash * multiplier;
}

void Vocabulary::reserve(size_t tokens, size_t bytes) {
  entries_.reserve(tokens);
  arena_.reserve(bytes);
  rehash(std::bit_ceil(std::max<size_t>(tokens * 2, 16)));
}

size_t Vocabulary::slot_of(std::string_view text, uint64_t hash) const {
  size_t mask = slots_.size() - 1;
  auto tag = static_cast<uint32_t>(hash >> 32);
  size_t i = hash & mask;
  while (slots_[i].id >= 0 && (slots_[i].tag != tag || text_of(slots_[i].entry) != text)) {
    i = (i + 1) & mask;
  }
  return i;
}

void Vocabulary::rehash(size_t slots) {
  slots_.assign(slots, Slot{});
  for (size_t id = 0; id < entries_.size(); ++id) {
    const Entry& entry = entries_[id];
    if (entry.length == absent) continue;
    std::string_view text = text_of(entry);
    uint64_t hash = hash_text(text);
    slots_[slot_of(text, hash)] = {static_cast<uint32_t>(hash >> 32), static_cast<int32_t>(id),
                                   entry};
  }
}

void Vocabulary::add(std::string_view text, int64_t id, Repeated repeated) {
  if (id < 0 || id >= id_limit) {
    throw FormatError(fmt::format("the token {} has the id {}, which is outside 0 to {}",
                                  in_quotes(text), id, id_limit - 1));
  }
  if (2 * (count_ + 1) > slots_.size()) rehash(std::max<size_t>(2 * slots_.size(), 16));
  uint64_t hash = hash_text(text);
  size_t slot = slot_of(text, hash);
  bool is_new = slots_[slot].id < 0;
  if (!is_new && repeated == Repeated::refused) {
    throw FormatError(fmt::format("the token {} appears twice, with the ids {} and {}",
                                  in_quotes(text), slots_[slot].id, id));
  }
  auto index = static_cast<size_t>(id);
  if (index >= entries_.size()) entries_.resize(index + 1);
  Entry& entry = entries_[index];
  if (entry.length != absent) {
    throw FormatError(fmt::format("the tokens {} and {} have the same id {}",
                                  in_quotes(text_of(entry)), in_quotes(text), id));
  }
  if (arena_.size() + text.size() > UINT32_MAX - 1) {
    throw FormatError(fmt::format("the tokens' texts exceed {} bytes", UINT32_MAX - 1));
  }
  entry = {static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(text.size())};
  arena_ += text;
  slots_[slot] = {static_cast<uint32_t>(hash >> 32), static_cast<int32_t>(id), entry};
  count_ += is_new;
}

std::optional<int32_t> Vocabulary::find(std::string_view text) const {
  if (slots_.empty()) return std::nullopt;
  int32_t id = slots_[slot_of(text, hash_text(text))].id;
  return id < 0 ? std::nullopt : std::optional(id);
}

bool Vocabulary::contains(int32_t id) const {
  return id >= 0 && id < size() && entries_[static_cast<size_t>(id)].length != absent;
}

std::string_view Vocabulary::text(int32_t id) const {
  return contains(id) ? text_of(entries_[static_cast<size_t>(id)]) : std::string_view();
}

}  // namespace quern::models
