#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <vector>

namespace quern::nn {

/// One number per spatial axis; a single number stands for all: Sizes<2>(3), Sizes<2>{3, 5}.
template <size_t N>
struct Sizes : std::array<int, N> {
  Sizes(int all) { this->fill(all); }
  template <typename... I>
  requires(sizeof...(I) == N && N > 1 && (std::is_same_v<I, int> && ...)) Sizes(I... each)
      : std::array<int, N>{each...} {}

  std::vector<int> vector() const { return std::vector<int>(this->begin(), this->end()); }
};

}  // namespace quern::nn
