#pragma once

#include <cstddef>

#include "engine/array/half.h"

namespace quern::cpu::fft {

/// Whether transform_sequence is the faster way for `count` sequences of length n: they are long,
/// or too few to fill the lanes.
bool prefers_sequences(size_t n, size_t count);

/// The transform of one sequence of n elements times `scale`, on all threads that are free. `in` is
/// overwritten; `out` is other memory.
void transform_sequence(size_t n, bool inverse, float scale, complex64_t* in, complex64_t* out);

/// The same for n real numbers, n even, as n / 2 complex ones in `in`: n / 2 + 1 elements in `out`.
void transform_real_sequence(size_t n, float scale, complex64_t* in, complex64_t* out);

/// And back: n / 2 + 1 elements in `in`, n / 2 pairs of real numbers in `out`.
void invert_real_sequence(size_t n, float scale, complex64_t* in, complex64_t* out);

}  // namespace quern::cpu::fft
