#include "engine/backend/cpu/fft/sequence.h"

#include <algorithm>
#include <cmath>

#include "engine/backend/cpu/fft/lanes.h"
#include "engine/backend/cpu/fft/plan.h"
#include "engine/backend/cpu/scratch.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu::fft {

namespace {

/// Longer sequences leave the second-level cache when all lanes hold one.
constexpr size_t longest_in_lanes = 4096;
/// Shorter ones are done before a split would pay.
constexpr size_t shortest_to_split = 256;

float* parts(complex64_t* z) { return reinterpret_cast<float*>(z); }

/// Sequences [first, first + used) of which each starts `apart` complex numbers after the one
/// before.
LaneLayout layout_of(size_t first, size_t used, size_t apart, size_t stride) {
  LaneLayout layout{used, {}, int64_t(2 * stride), 1};
  for (size_t l = 0; l < most_lanes; ++l)
    layout.offsets[l] = int64_t(2 * (first + (l < used ? l : 0)) * apart);
  return layout;
}

/// Calls f(first, used, data, work) for groups of sequences that fill the lanes, each with memory
/// for n elements.
template <typename F>
void for_each_group(size_t count, size_t n, F&& f) {
  const size_t lanes = lane_count(), groups = (count + lanes - 1) / lanes;
  parallel_for(groups, 1 + 8192 / (n * lanes), [&](size_t begin, size_t end) {
    Scratch<float> memory(4 * lanes * n);
    for (size_t group = begin; group < end; ++group) {
      const size_t first = group * lanes;
      f(first, std::min(lanes, count - first), memory.data(), memory.data() + 2 * lanes * n);
    }
  });
}

/// The columns of the matrix that the sequence is, then its rows, which become columns of the
/// result.
void transform_split(size_t n, bool inverse, float scale, complex64_t* in, complex64_t* out) {
  const std::shared_ptr<const Split> split = split_for(n);
  const size_t length = split->columns->n, columns = split->rows->n;
  for_each_group(columns, length, [&](size_t first, size_t used, float* data, float* work) {
    const LaneLayout layout = layout_of(first, used, 1, columns);
    load_lanes(parts(in), layout, 0, length, inverse, data);
    float* done = transform_lanes(*split->columns, data, work);
    multiply_lanes(done, length, split->twiddles.data() + 2 * first, columns, used);
    store_lanes(done, layout, 0, length, false, 1, parts(in));
  });
  for_each_group(length, columns, [&](size_t first, size_t used, float* data, float* work) {
    load_lanes(parts(in), layout_of(first, used, columns, 1), 0, columns, false, data);
    const float* done = transform_lanes(*split->rows, data, work);
    store_lanes(done, layout_of(first, used, 1, length), 0, columns, inverse, scale, parts(out));
  });
}

/// In one lane.
void transform_alone(size_t n, bool inverse, float scale, complex64_t* in, complex64_t* out) {
  const std::shared_ptr<const Plan> plan = plan_for(n);
  const LaneLayout layout = layout_of(0, 1, 1, 1);
  Scratch<float> memory(4 * lane_count() * plan->capacity());
  float* data = memory.data();
  float* work = data + 2 * lane_count() * plan->capacity();
  load_lanes(parts(in), layout, 0, n, inverse, data);
  store_lanes(transform_lanes(*plan, data, work), layout, 0, n, inverse, scale, parts(out));
}

complex64_t times(complex64_t a, complex64_t b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// exp(-pi i j^2 / n) and the transform of its conjugate around 0, for sequences too long for
/// lanes.
struct Chirp {
  explicit Chirp(size_t n) : length(convenient_length(2 * n - 1)), factors(n), spectrum(length) {
    const auto roots = roots_for(2 * n, 2 * n);
    const auto* table = reinterpret_cast<const complex64_t*>(roots->data());
    Scratch<complex64_t> around(length);
    std::fill_n(around.data(), length, complex64_t(0));
    for (size_t j = 0; j < n; ++j) {
      factors.data()[j] = table[uint64_t(j) * j % (2 * n)];
      around.data()[j] = around.data()[(length - j) % length] = std::conj(factors.data()[j]);
    }
    transform_sequence(length, false, 1.0f / float(length), around.data(), spectrum.data());
  }
  size_t length;
  Scratch<complex64_t> factors;
  Scratch<complex64_t> spectrum;
};

void transform_convolved(size_t n, bool inverse, float scale, complex64_t* in, complex64_t* out) {
  Chirp chirp(n);
  const auto swapped = [&](complex64_t z) { return inverse ? complex64_t(z.imag(), z.real()) : z; };
  Scratch<complex64_t> first(chirp.length), second(chirp.length);
  complex64_t *a = first.data(), *b = second.data();
  for (size_t j = 0; j < n; ++j) a[j] = times(swapped(in[j]), chirp.factors.data()[j]);
  std::fill(a + n, a + chirp.length, complex64_t(0));
  transform_sequence(chirp.length, false, 1, a, b);
  for (size_t j = 0; j < chirp.length; ++j) b[j] = times(b[j], chirp.spectrum.data()[j]);
  transform_sequence(chirp.length, true, 1, b, a);
  for (size_t j = 0; j < n; ++j) out[j] = scale * swapped(times(a[j], chirp.factors.data()[j]));
}

/// Calls f(k) for k in [begin, end) on several threads.
template <typename F>
void for_each_element(size_t begin, size_t end, const F& f) {
  parallel_for(end - begin, 16384, [&](size_t from, size_t to) {
    for (size_t k = begin + from; k < begin + to; ++k) f(k);
  });
}

}  // namespace

bool prefers_sequences(size_t n, size_t count) {
  if (n < shortest_to_split) return false;
  const bool splits = Split::possible(n);
  if (n > longest_in_lanes) return splits || count < lane_count() || n > 4 * longest_in_lanes;
  return splits && 2 * count < lane_count();
}

void transform_sequence(size_t n, bool inverse, float scale, complex64_t* in, complex64_t* out) {
  if (n >= shortest_to_split && Split::possible(n))
    transform_split(n, inverse, scale, in, out);
  else if (n > longest_in_lanes && has_large_factor(n))
    transform_convolved(n, inverse, scale, in, out);
  else
    transform_alone(n, inverse, scale, in, out);
}

// The formulas are those of unpack_real_lanes and pack_real_lanes.

void transform_real_sequence(size_t n, float scale, complex64_t* in, complex64_t* out) {
  const size_t half = n / 2;
  transform_sequence(half, false, scale, in, out);
  const auto roots = roots_for(n, half + 1);
  const auto* w = reinterpret_cast<const complex64_t*>(roots->data());
  const complex64_t first = out[0];
  out[0] = first.real() + first.imag();
  out[half] = first.real() - first.imag();
  for_each_element(1, half / 2 + 1, [&](size_t k) {
    const complex64_t a = out[k], b = std::conj(out[half - k]);
    const complex64_t even = 0.5f * (a + b), odd = 0.5f * times(a - b, w[k]);
    const complex64_t turned(odd.imag(), -odd.real());  // -i times it
    out[k] = even + turned;
    out[half - k] = std::conj(even - turned);
  });
}

void invert_real_sequence(size_t n, float scale, complex64_t* in, complex64_t* out) {
  const size_t half = n / 2;
  const auto roots = roots_for(n, half + 1);
  const auto* w = reinterpret_cast<const complex64_t*>(roots->data());
  const float first = in[0].real(), last = in[half].real();
  for_each_element(1, half / 2 + 1, [&](size_t k) {
    const complex64_t a = in[k], b = std::conj(in[half - k]);
    const complex64_t even = a + b, odd = times(a - b, std::conj(w[k]));
    const complex64_t turned(-odd.imag(), odd.real());  // i times it
    in[k] = even + turned;
    in[half - k] = std::conj(even - turned);
  });
  in[0] = {first + last, first - last};
  transform_sequence(half, true, scale, in, out);
}

}  // namespace quern::cpu::fft
