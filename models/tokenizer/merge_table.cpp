#include "models/tokenizer/merge_table.h"

#include <algorithm>
#include <bit>

namespace quern::models {

namespace {

uint64_t key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
}

}  // namespace

MergeTable::MergeTable(size_t rules) : slots_(std::bit_ceil(std::max<size_t>(2 * rules, 16))) {}

size_t MergeTable::slot_of(uint64_t pair) const {
  size_t mask = slots_.size() - 1;
  uint64_t hash = (pair ^ (pair >> 29)) * 0x9E3779B97F4A7C15u;
  size_t i = (hash >> 32) & mask;
  while (slots_[i].pair != empty && slots_[i].pair != pair) i = (i + 1) & mask;
  return i;
}

void MergeTable::add(int32_t left, int32_t right, MergeRule rule) {
  uint64_t pair = key(left, right);
  slots_[slot_of(pair)] = {pair, rule};
}

const MergeRule* MergeTable::find(int32_t left, int32_t right) const {
  const Slot& slot = slots_[slot_of(key(left, right))];
  return slot.pair == empty ? nullptr : &slot.rule;
}

}  // namespace quern::models
