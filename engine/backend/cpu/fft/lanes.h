#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/backend/cpu/fft/plan.h"

namespace quern::cpu::fft {

// Transforms of several sequences at a time, one in each lane of a vector: element j of all of them
// is a vector of real parts and one of imaginary parts, at data + 2 * lane_count() * j.

inline constexpr size_t most_lanes = 16;

/// How many lanes there are on this machine.
size_t lane_count();

/// Where the sequences of a group lie: element j of lane l at data + offsets[l] + j * stride, its
/// imaginary part `imaginary` behind it, or nowhere when that is 0. All in floats.
struct LaneLayout {
  size_t used;  ///< lanes that hold a sequence; the others repeat the first one
  int64_t offsets[most_lanes];
  int64_t stride;
  int64_t imaginary;
};

/// Elements [begin, end) of the lanes, real and imaginary parts exchanged if `swapped`.
void load_lanes(const float* data, const LaneLayout& layout, size_t begin, size_t end, bool swapped,
                float* lanes);
/// The same back, times `scale`.
void store_lanes(const float* lanes, const LaneLayout& layout, size_t begin, size_t end,
                 bool swapped, float scale, float* data);

/// The forward transforms of plan.n elements, in `data` or in `work`, which both hold
/// plan.capacity() elements; returns where. An inverse transform is a forward one whose elements
/// are swapped before and after.
float* transform_lanes(const Plan& plan, float* data, float* work);

/// Multiplies each lane's element j by the complex number factors[j * stride + lane], for
/// interleaved factors.
void multiply_lanes(float* lanes, size_t n, const float* factors, size_t stride, size_t used);

/// From the transform of n / 2 pairs of real elements to the first n / 2 + 1 elements of that of
/// the n real ones, and back (times 2); `roots` are exp(-2 pi i k / n). `from` and `to` do not
/// overlap.
void unpack_real_lanes(const float* from, size_t half, const float* roots, float* to);
void pack_real_lanes(const float* from, size_t half, const float* roots, float* to);

}  // namespace quern::cpu::fft
