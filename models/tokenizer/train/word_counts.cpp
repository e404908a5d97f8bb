#include "models/tokenizer/train/word_counts.h"

#include <algorithm>

#include "models/error.h"
#include "models/tokenizer/vocabulary.h"

namespace quern::models {

namespace {

constexpr size_t first_slots = 1 << 12;
constexpr size_t most_words = size_t{1} << 31;

}  // namespace

size_t WordCounts::slot_of(std::string_view word, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  for (size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == 0) return slot;
    const Entry& entry = entries_[slots_[slot] - 1];
    if (entry.hash == hash && text_of(entry) == word) return slot;
  }
}

void WordCounts::grow() {
  slots_.assign(slots_.empty() ? first_slots : slots_.size() * 2, 0);
  const size_t mask = slots_.size() - 1;
  for (size_t i = 0; i < entries_.size(); ++i) {
    size_t slot = entries_[i].hash & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<uint32_t>(i + 1);
  }
}

void WordCounts::add(std::string_view word, int64_t count) {
  if (slots_.size() < 2 * (entries_.size() + 1)) grow();
  const uint64_t hash = hash_text(word);
  uint32_t& slot = slots_[slot_of(word, hash)];
  if (slot != 0) {
    entries_[slot - 1].count += count;
    return;
  }
  if (entries_.size() == most_words || word.size() > UINT32_MAX) {
    throw ModelError("[train-tokenizer] the text has more than 2^31 different words",
                     "Train on a part of the text.");
  }
  entries_.push_back({hash, arena_.size(), static_cast<uint32_t>(word.size()), count});
  arena_ += word;
  slot = static_cast<uint32_t>(entries_.size());
}

std::vector<WordCounts::Word> WordCounts::sorted() const {
  std::vector<Word> words;
  words.reserve(entries_.size());
  for (const Entry& entry : entries_) words.push_back({text_of(entry), entry.count});
  std::sort(words.begin(), words.end(),
            [](const Word& a, const Word& b) { return a.text < b.text; });
  return words;
}

}  // namespace quern::models
