#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quern::models {

/// What becomes of two neighbouring tokens in a byte-pair encoding.
struct MergeRule {
  int32_t rank = -1;  // its place in the file: lower goes first
  int32_t id = -1;    // the token it makes
};

/// Rules by the ids of the pair, in one open-addressed array.
class MergeTable {
 public:
  /// Makes room for that many rules.
  explicit MergeTable(size_t rules);

  /// A later rule for the same pair takes the place of the earlier one. At most as many rules as
  /// there is room for.
  void add(int32_t left, int32_t right, MergeRule rule);

  /// Calls visit(left, right, rule) for all, in no order.
  template <class Visit>
  void visit_all(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.pair == empty) continue;
      visit(static_cast<int32_t>(slot.pair >> 32), static_cast<int32_t>(slot.pair), slot.rule);
    }
  }

  /// Null when the pair does not merge.
  const MergeRule* find(int32_t left, int32_t right) const;

 private:
  struct Slot {
    uint64_t pair = empty;
    MergeRule rule;
  };
  static constexpr uint64_t empty = UINT64_MAX;

  size_t slot_of(uint64_t pair) const;

  std::vector<Slot> slots_;  // a power of two, at most half full
};

}  // namespace quern::models
