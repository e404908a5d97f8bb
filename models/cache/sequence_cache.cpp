#include "models/cache/sequence_cache.h"

#include <algorithm>
#include <stdexcept>

namespace quern::models {

namespace {

constexpr size_t most_marks = 8;

bool goes_back_anywhere(const std::unique_ptr<LayerCache>& layer) {
  return !layer || layer->trimming() == LayerCache::Trimming::anywhere;
}

size_t bytes_of(const Cache& layers) {
  size_t sum = 0;
  for (const array& a : arrays_of(layers)) sum += a.nbytes();
  return sum;
}

}  // namespace

bool SequenceCache::needs_marks() const {
  return !std::all_of(layers_.begin(), layers_.end(), goes_back_anywhere);
}

bool SequenceCache::can_take_back() const {
  return std::none_of(layers_.begin(), layers_.end(), [](const auto& layer) {
    return layer && layer->trimming() == LayerCache::Trimming::never;
  });
}

bool SequenceCache::mark() {
  if (length() == 0 || !needs_marks() || mark_at(length())) return false;
  Mark mark{length(), {}};
  for (const auto& layer : layers_)
    mark.layers.push_back(goes_back_anywhere(layer) ? nullptr : layer->clone());
  if (marks_.size() == most_marks) marks_.erase(marks_.begin() + 1);
  marks_.push_back(std::move(mark));
  return true;
}

void SequenceCache::unmark(int length) {
  std::erase_if(marks_, [&](const Mark& mark) { return mark.length == length; });
}

const SequenceCache::Mark* SequenceCache::mark_at(int length) const {
  for (const Mark& mark : marks_) {
    if (mark.length == length) return &mark;
  }
  return nullptr;
}

int SequenceCache::reachable(int length) const {
  if (length >= this->length()) return this->length();
  if (length <= 0) return 0;
  const bool directly = std::all_of(layers_.begin(), layers_.end(), [&](const auto& layer) {
    return goes_back_anywhere(layer) || layer->prefix(length) != nullptr;
  });
  if (directly) return length;
  int longest = 0;
  for (const Mark& mark : marks_) {
    if (mark.length <= length) longest = mark.length;
  }
  return longest;
}

void SequenceCache::rewind(int length) {
  const int surplus = this->length() - length;
  if (surplus == 0) return;
  const Mark* mark = mark_at(length);
  for (size_t i = 0; i < layers_.size(); ++i) {
    if (!layers_[i]) continue;
    if (mark && mark->layers[i]) {
      layers_[i] = mark->layers[i]->clone();
    } else if (!layers_[i]->trim(surplus)) {
      throw std::logic_error("[cache] a sequence cannot go back to where it was said to");
    }
  }
  tokens_.resize(size_t(length));
  std::erase_if(marks_, [&](const Mark& m) { return m.length > length; });
}

SequenceCache SequenceCache::fork(int length) const {
  const Mark* mark = mark_at(length);
  SequenceCache copy{Cache()};
  for (size_t i = 0; i < layers_.size(); ++i) {
    const bool marked = mark && mark->layers[i];
    copy.layers_.push_back(!layers_[i] ? nullptr
                           : marked    ? mark->layers[i]->clone()
                                       : layers_[i]->prefix(length));
    if (layers_[i] && !copy.layers_.back())
      throw std::logic_error("[cache] a sequence cannot go back to where it was said to");
  }
  copy.tokens_.assign(tokens_.begin(), tokens_.begin() + length);
  for (const Mark& m : marks_) {
    if (m.length > length) continue;
    Mark shared{m.length, {}};
    for (const auto& layer : m.layers) shared.layers.push_back(layer ? layer->clone() : nullptr);
    copy.marks_.push_back(std::move(shared));
  }
  return copy;
}

size_t SequenceCache::nbytes() const {
  size_t sum = bytes_of(layers_);
  for (const Mark& mark : marks_) sum += bytes_of(mark.layers);
  return sum;
}

}  // namespace quern::models
