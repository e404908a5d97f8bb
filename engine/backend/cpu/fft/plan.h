#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace quern::cpu::fft {

/// One step of a transform by Stockham's algorithm (Van Loan, Computational Frameworks for the Fast
/// Fourier Transform, 1992): groups * stride butterflies of `radix` elements.
struct Pass {
  size_t radix;
  size_t groups;    ///< how many times `radix` goes into what the passes before have left
  size_t stride;    ///< product of the radices of the passes before
  size_t twiddles;  ///< where the pass's factors start: radix - 1 complex numbers for each group
  size_t roots;     ///< where the radix's own roots of unity start
};

/// What all transforms of a length n have in common. Complex numbers are pairs of floats, computed
/// in double. Lengths with a prime factor above `largest_radix` are transformed as a convolution
/// (Bluestein 1970), by transforms of a longer length.
struct Plan {
  static constexpr size_t largest_radix = 61;

  explicit Plan(size_t n);

  /// Elements that the memory for a transform must hold.
  size_t capacity() const { return convolution ? convolution->n : n; }

  size_t n;
  std::vector<Pass> passes;
  std::vector<float> factors;

  std::shared_ptr<const Plan> convolution;  ///< of Bluestein's longer length, or none
  std::vector<float> chirp;                 ///< n: exp(-pi i j^2 / n)
  std::vector<float> spectrum;              ///< the longer length: the transformed conjugate chirp
};

/// Transforms that are too long for the caches as columns and then rows of a matrix (Bailey 1990).
struct Split {
  explicit Split(size_t n);

  /// Whether n has two factors that are both worth it.
  static bool possible(size_t n);

  std::shared_ptr<const Plan> columns;  ///< of length `columns->n`
  std::shared_ptr<const Plan> rows;
  std::vector<float> twiddles;  ///< exp(-2 pi i r c / n) for row r and column c
};

/// The plan for a length: made once, kept while the memory of all is moderate.
std::shared_ptr<const Plan> plan_for(size_t n);
std::shared_ptr<const Split> split_for(size_t n);

/// exp(-2 pi i k / n) for k in [0, count): what unpacks a real transform of even length n.
std::shared_ptr<const std::vector<float>> roots_for(size_t n, size_t count);

/// The smallest length of at least n that has small factors only.
size_t convenient_length(size_t n);

/// Whether Bluestein's algorithm is what the length needs.
bool has_large_factor(size_t n);

}  // namespace quern::cpu::fft
