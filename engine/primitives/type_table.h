#pragma once

#include <cstddef>
#include <cstdint>
#include <typeinfo>
#include <vector>

namespace quern {

/// A value per type of object, found by the address of its std::type_info: each op of a graph is
/// looked up several times, and std::type_index would hash a name each time.
template <typename Value>
class TypeTable {
 public:
  /// The type's value, made if there is none.
  Value& operator[](const std::type_info& type) {
    if (const Entry* entry = find_entry(type)) return const_cast<Entry*>(entry)->value;
    if (2 * (size_ + 1) > entries_.size()) grow();
    ++size_;
    Entry& entry = free_entry(type);
    entry.type = &type;
    return entry.value;
  }

  /// nullptr when the type has none.
  const Value* find(const std::type_info& type) const {
    const Entry* entry = find_entry(type);
    return entry ? &entry->value : nullptr;
  }

  size_t size() const { return size_; }

  /// Calls f(type, value) for each.
  template <typename F>
  void for_each(F&& f) const {
    for (const Entry& entry : entries_) {
      if (entry.type) f(*entry.type, entry.value);
    }
  }

 private:
  struct Entry {
    const std::type_info* type = nullptr;
    Value value{};
  };

  size_t place(const std::type_info& type) const {
    const auto address = uint64_t(reinterpret_cast<std::uintptr_t>(&type));
    return size_t((address * 0x9E3779B97F4A7C15u) >> shift_);
  }

  const Entry* find_entry(const std::type_info& type) const {
    for (size_t i = place(type); entries_[i].type; i = (i + 1) & (entries_.size() - 1)) {
      if (entries_[i].type == &type) return &entries_[i];
    }
    // Two libraries may each have a std::type_info of one type.
    for (const Entry& entry : entries_) {
      if (entry.type && *entry.type == type) return &entry;
    }
    return nullptr;
  }

  Entry& free_entry(const std::type_info& type) {
    size_t i = place(type);
    while (entries_[i].type) i = (i + 1) & (entries_.size() - 1);
    return entries_[i];
  }

  void grow() {
    std::vector<Entry> old(2 * entries_.size());
    old.swap(entries_);
    --shift_;
    for (Entry& entry : old) {
      if (entry.type) free_entry(*entry.type) = std::move(entry);
    }
  }

  static constexpr int first_bits = 4;

  std::vector<Entry> entries_ = std::vector<Entry>(size_t(1) << first_bits);
  int shift_ = 64 - first_bits;
  size_t size_ = 0;
};

}  // namespace quern
