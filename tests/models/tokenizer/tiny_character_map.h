#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models::tests {

/// Builds the bytes of a "precompiled_charsmap" from a few replacements, by trying out places.
class CharacterMapBytes {
 public:
  explicit CharacterMapBytes(const std::map<std::string, std::string>& replacements)
      : units_(1 << 16) {
    taken_.insert(0);
    std::map<std::string, uint32_t> keys;
    for (const auto& [key, replacement] : replacements) {
      keys[key] = static_cast<uint32_t>(texts_.size());
      texts_ += replacement + '\0';
    }
    place(0, keys);
  }

  std::string bytes() const {
    std::string out;
    auto append = [&](uint32_t value) {
      for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> 8 * i);
    };
    append(static_cast<uint32_t>(4 * units_.size()));
    for (uint32_t unit : units_) append(unit);
    return out + texts_;
  }

 private:
  /// Finds room for the children of a node: the first bytes of what is left of the keys, and 0 for
  /// a key that ends here.
  void place(uint32_t node, const std::map<std::string, uint32_t>& keys) {
    std::map<uint8_t, std::map<std::string, uint32_t>> children;
    for (const auto& [key, value] : keys) {
      if (key.empty()) {
        children[0][""] = value;
      } else {
        children[static_cast<uint8_t>(key[0])][key.substr(1)] = value;
      }
    }
    uint32_t base = 256;
    auto is_free = [&](uint32_t at) {
      if (bases_.contains(at)) return false;
      for (const auto& [label, rest] : children) {
        if (taken_.contains(at ^ label)) return false;
      }
      return true;
    };
    while (!is_free(base)) ++base;
    bases_.insert(base);
    for (const auto& [label, rest] : children) taken_.insert(base ^ label);
    units_[node] |= (node ^ base) << 10;
    for (const auto& [label, rest] : children) {
      uint32_t child = base ^ label;
      if (label == 0) {
        units_[node] |= 1u << 8;
        units_[child] = rest.begin()->second | 1u << 31;
      } else {
        units_[child] = label;
        place(child, rest);
      }
    }
  }

  std::vector<uint32_t> units_;
  std::set<uint32_t> taken_;
  std::set<uint32_t> bases_;  // no two nodes share one
  std::string texts_;
};

inline std::string base64(std::string_view bytes) {
  static constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) {
      out += i + k > bytes.size() ? '=' : digits[bits >> (18 - 6 * k) & 63];
    }
  }
  return out;
}

}  // namespace quern::models::tests
