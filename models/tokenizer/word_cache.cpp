#include "models/tokenizer/word_cache.h"

namespace quern::models {

WordCache::Slot& WordCache::slot_of(Part& part, std::string_view word, uint64_t hash) {
  size_t i = hash % slots;
  while (true) {
    Slot& slot = part.table[i];
    if (slot.text_length == 0) return slot;
    if (slot.hash == hash &&
        std::string_view(part.texts).substr(slot.text_begin, slot.text_length) == word) {
      return slot;
    }
    i = (i + 1) % slots;
  }
}

bool WordCache::find(std::string_view word, uint64_t hash, std::vector<int32_t>& ids) {
  if (word.size() > longest_word) return false;
  Part& part = part_of(hash);
  std::lock_guard lock(part.mutex);
  if (part.table.empty()) return false;
  const Slot& slot = slot_of(part, word, hash);
  if (slot.text_length == 0) return false;
  auto begin = part.ids.begin() + slot.ids_begin;
  ids.insert(ids.end(), begin, begin + slot.ids_count);
  return true;
}

void WordCache::add(std::string_view word, uint64_t hash, const int32_t* ids, size_t count) {
  if (word.empty() || word.size() > longest_word || count > UINT16_MAX) return;
  Part& part = part_of(hash);
  std::lock_guard lock(part.mutex);
  if (part.table.empty() || part.words >= most_words) {
    part.table.assign(slots, Slot{});
    part.texts.clear();
    part.ids.clear();
    part.words = 0;
  }
  Slot& slot = slot_of(part, word, hash);
  if (slot.text_length != 0) return;  // another thread was faster
  slot = {hash, static_cast<uint32_t>(part.texts.size()), static_cast<uint32_t>(part.ids.size()),
          static_cast<uint16_t>(word.size()), static_cast<uint16_t>(count)};
  part.texts += word;
  part.ids.insert(part.ids.end(), ids, ids + count);
  ++part.words;
}

}  // namespace quern::models
