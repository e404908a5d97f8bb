#include "engine/primitives/fft.h"

#include <algorithm>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/fft/lanes.h"
#include "engine/backend/cpu/fft/plan.h"
#include "engine/backend/cpu/fft/sequence.h"
#include "engine/backend/cpu/scratch.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu {

namespace {

using namespace fft;

/// Sequences along an axis of a row-major array: `count` of them, of `length` elements that are
/// `inner` apart.
struct Sequences {
  Sequences(const array& a, int axis)
      : length(size_t(a.shape()[size_t(axis)])), inner(1), parts(a.dtype() == complex64 ? 2 : 1) {
    for (size_t i = size_t(axis) + 1; i < a.ndim(); ++i) inner *= size_t(a.shape()[i]);
  }

  /// Where a sequence starts, in floats.
  size_t start(size_t sequence) const {
    return ((sequence / inner) * length * inner + sequence % inner) * parts;
  }

  /// Sequences [first, first + used) in lanes, as complex numbers, or real ones in pairs or alone.
  LaneLayout layout(size_t first, size_t used, bool pairs) const {
    const auto apart = int64_t(inner);
    LaneLayout layout{used, {}, 2 * apart, 1};
    if (parts == 1) {
      layout.stride = pairs ? 2 * apart : apart;
      layout.imaginary = pairs ? apart : 0;
    }
    for (size_t l = 0; l < most_lanes; ++l)
      layout.offsets[l] = int64_t(start(first + (l < used ? l : 0)));
    return layout;
  }

  size_t length;
  size_t inner;
  size_t parts;  ///< floats in an element
};

/// Elements in a lane group's memory; some are real, two to an element or one.
struct Region {
  size_t valid;  ///< floats (real) or complex numbers that there are
  bool pairs;

  void load(const float* data, const Sequences& from, size_t first, size_t used, bool swapped,
            size_t n, float* lanes) const {
    const size_t whole = pairs ? valid / 2 : valid;
    load_lanes(data, from.layout(first, used, pairs), 0, whole, swapped, lanes);
    size_t next = whole;
    if (pairs && valid % 2 == 1) {  // the second of the pair is behind the end
      const size_t width = 2 * lane_count();
      LaneLayout last = from.layout(first, used, false);
      for (int64_t& offset : last.offsets) offset += int64_t(2 * whole) * last.stride;
      load_lanes(data, last, 0, 1, swapped, lanes + width * next);
      ++next;
    }
    std::fill(lanes + 2 * lane_count() * next, lanes + 2 * lane_count() * n, 0.0f);
  }
};

/// What a kernel does: read sequences, transform them as n complex numbers, write them.
struct Job {
  Sequences from;
  Sequences to;
  const float* in;
  float* out;
  size_t count;  ///< sequences
  size_t n;      ///< length of the transform, of which n / 2 complex numbers may be enough
  float scale;
};

/// Calls f(first, used, data, work) for lane groups, both of memory for `capacity` elements.
template <typename F>
void for_each_group(const Job& job, size_t capacity, F&& f) {
  const size_t lanes = lane_count(), groups = (job.count + lanes - 1) / lanes;
  parallel_for(groups, 1 + 8192 / (job.n * lanes), [&](size_t begin, size_t end) {
    Scratch<float> memory(4 * lanes * capacity);
    for (size_t group = begin; group < end; ++group) {
      const size_t first = group * lanes;
      f(first, std::min(lanes, job.count - first), memory.data(),
        memory.data() + 2 * lanes * capacity);
    }
  });
}

/// Calls f(sequence, a, b) for each sequence, both of memory for `capacity` complex numbers.
template <typename F>
void for_each_sequence(const Job& job, size_t capacity, F&& f) {
  parallel_for(job.count, 1, [&](size_t begin, size_t end) {
    Scratch<complex64_t> memory(2 * capacity);
    for (size_t i = begin; i < end; ++i) f(i, memory.data(), memory.data() + capacity);
  });
}

/// The first elements of a sequence of T, and zeros up to n.
template <typename T>
void gather(const Job& job, size_t sequence, size_t n, T* to) {
  const auto* from = reinterpret_cast<const T*>(job.in + job.from.start(sequence));
  const size_t valid = std::min(job.from.length, n);
  for (size_t j = 0; j < valid; ++j) to[j] = from[j * job.from.inner];
  std::fill(to + valid, to + n, T(0));
}

template <typename T>
void scatter(const Job& job, size_t sequence, size_t n, const T* from) {
  auto* to = reinterpret_cast<T*>(job.out + job.to.start(sequence));
  for (size_t j = 0; j < n; ++j) to[j * job.to.inner] = from[j];
}

void complex_transform(const Job& job, bool inverse) {
  const size_t n = job.n;
  if (job.from.inner == 1 && prefers_sequences(n, job.count)) {
    for_each_sequence(job, n, [&](size_t i, complex64_t* a, complex64_t* b) {
      gather(job, i, n, a);
      transform_sequence(n, inverse, job.scale, a, b);
      scatter(job, i, n, b);
    });
    return;
  }
  const std::shared_ptr<const Plan> plan = plan_for(n);
  const Region region{std::min(job.from.length, n), false};
  for_each_group(job, plan->capacity(), [&](size_t first, size_t used, float* data, float* work) {
    region.load(job.in, job.from, first, used, inverse, n, data);
    const float* done = transform_lanes(*plan, data, work);
    store_lanes(done, job.to.layout(first, used, false), 0, n, inverse, job.scale, job.out);
  });
}

void real_transform(const Job& job) {
  const size_t n = job.n, half = n / 2;
  const bool pairs = n % 2 == 0;
  if (pairs && job.from.inner == 1 && prefers_sequences(half, job.count)) {
    for_each_sequence(job, half + 1, [&](size_t i, complex64_t* a, complex64_t* b) {
      gather(job, i, n, reinterpret_cast<float*>(a));
      transform_real_sequence(n, job.scale, a, b);
      scatter(job, i, half + 1, b);
    });
    return;
  }
  const std::shared_ptr<const Plan> plan = plan_for(pairs ? half : n);
  const auto roots = pairs ? roots_for(n, half + 1) : nullptr;
  const Region region{std::min(job.from.length, n), pairs};
  const size_t capacity = plan->capacity() + 1;
  for_each_group(job, capacity, [&](size_t first, size_t used, float* data, float* work) {
    region.load(job.in, job.from, first, used, false, plan->n, data);
    float* done = transform_lanes(*plan, data, work);
    if (pairs) {
      float* other = done == data ? work : data;
      unpack_real_lanes(done, half, roots->data(), other);
      done = other;
    }
    store_lanes(done, job.to.layout(first, used, false), 0, half + 1, false, job.scale, job.out);
  });
}

/// An odd length: all n elements, from the first half and its conjugates.
void mirror_lanes(float* lanes, size_t n) {
  const size_t width = lane_count();
  std::fill_n(lanes + width, width, 0.0f);
  for (size_t k = 1; k <= n / 2; ++k) {
    const float* from = lanes + 2 * width * k;
    float* to = lanes + 2 * width * (n - k);
    for (size_t l = 0; l < width; ++l) {
      to[l] = from[l];
      to[width + l] = -from[width + l];
    }
  }
}

/// Exchanges the parts of the lanes' elements.
void swap_lanes(float* lanes, size_t n) {
  const size_t width = lane_count();
  for (size_t j = 0; j < n; ++j, lanes += 2 * width)
    std::swap_ranges(lanes, lanes + width, lanes + width);
}

void inverse_real_transform(const Job& job) {
  const size_t n = job.n, half = n / 2;
  const bool pairs = n % 2 == 0;
  if (pairs && job.from.inner == 1 && prefers_sequences(half, job.count)) {
    for_each_sequence(job, half + 1, [&](size_t i, complex64_t* a, complex64_t* b) {
      gather(job, i, half + 1, a);
      invert_real_sequence(n, job.scale, a, b);
      scatter(job, i, n, reinterpret_cast<const float*>(b));
    });
    return;
  }
  const std::shared_ptr<const Plan> plan = plan_for(pairs ? half : n);
  const auto roots = pairs ? roots_for(n, half + 1) : nullptr;
  const Region region{std::min(job.from.length, half + 1), false};
  const size_t capacity = plan->capacity() + 1;
  for_each_group(job, capacity, [&](size_t first, size_t used, float* data, float* work) {
    region.load(job.in, job.from, first, used, false, half + 1, data);
    float* ready = data;
    if (pairs) {
      pack_real_lanes(data, half, roots->data(), ready = work);
    } else {
      mirror_lanes(data, n);
    }
    swap_lanes(ready, plan->n);
    const float* done = transform_lanes(*plan, ready, ready == data ? work : data);
    store_lanes(done, job.to.layout(first, used, pairs), 0, plan->n, true, job.scale, job.out);
  });
}

/// Allocates the output and calls `transform` unless there is nothing to do.
template <typename F>
void run(const FourierTransform& p, const std::vector<array>& in, std::vector<array>& out,
         F&& transform) {
  const bool alike = in[0].shape() == out[0].shape() && in[0].dtype() == out[0].dtype();
  const bool in_place = alike && out[0].take_or_allocate(in[0]);
  if (!alike) out[0].allocate();
  const array dense = in_place ? out[0] : row_contiguous(in[0]);
  const auto n = size_t(p.n);
  if (out[0].size() == 0) return;
  const size_t count = out[0].size() / size_t(out[0].shape()[size_t(p.axis)]);
  transform(Job{Sequences(dense, p.axis), Sequences(out[0], p.axis), dense.data<float>(),
                out[0].data<float>(), count, n, float(p.scale)});
}

void fft_kernel(const FFT& p, const std::vector<array>& in, std::vector<array>& out) {
  run(p, in, out, [&](const Job& job) { complex_transform(job, p.inverse); });
}

void rfft_kernel(const RFFT& p, const std::vector<array>& in, std::vector<array>& out) {
  run(p, in, out, real_transform);
}

void irfft_kernel(const IRFFT& p, const std::vector<array>& in, std::vector<array>& out) {
  run(p, in, out, inverse_real_transform);
}

}  // namespace

void register_fft(KernelTable& table) {
  table.add<FFT, fft_kernel>();
  table.add<IRFFT, irfft_kernel>();
  table.add<RFFT, rfft_kernel>();
}

}  // namespace quern::cpu
