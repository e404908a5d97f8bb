#include "engine/backend/cpu/fft/plan.h"

#include <bit>
#include <cmath>
#include <complex>
#include <cstdint>
#include <map>
#include <mutex>
#include <numbers>

#include "engine/backend/cpu/fft/lanes.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu::fft {

namespace {

using Complex = std::complex<double>;

/// exp(-2 pi i k / n).
Complex root_of_unity(size_t k, size_t n) {
  const double angle = -2 * std::numbers::pi * double(k % n) / double(n);
  return {std::cos(angle), std::sin(angle)};
}

void append(std::vector<float>& to, Complex z) {
  to.push_back(float(z.real()));
  to.push_back(float(z.imag()));
}

std::vector<size_t> radices_of(size_t n) {
  std::vector<size_t> radices;
  for (const size_t radix : {4, 2, 3, 5, 7}) {
    for (; n % radix == 0; n /= radix) radices.push_back(radix);
  }
  for (size_t radix = 11; n > 1; radix += 2) {
    if (radix * radix > n) radix = n;
    for (; n % radix == 0; n /= radix) radices.push_back(radix);
  }
  return radices;
}

/// Products of two tables of about sqrt(n) roots each give all n of them without as many sines.
class RootTable {
 public:
  explicit RootTable(size_t n) : low_(size_t(1) << (std::bit_width(n) / 2)) {
    for (size_t k = 0; k < low_; ++k) fine_.push_back(root_of_unity(k, n));
    for (size_t k = 0; k < n; k += low_) coarse_.push_back(root_of_unity(k, n));
  }
  Complex operator[](size_t k) const { return coarse_[k / low_] * fine_[k % low_]; }

 private:
  size_t low_;
  std::vector<Complex> fine_;
  std::vector<Complex> coarse_;
};

/// Things that are made once per key, and all let go when they have become many bytes.
template <typename Key, typename Value>
class Cache {
 public:
  template <typename Make>
  std::shared_ptr<const Value> get(const Key& key, size_t bytes, const Make& make) {
    {
      std::lock_guard lock(mutex_);
      if (const auto found = values_.find(key); found != values_.end()) return found->second;
    }
    std::shared_ptr<const Value> value = make();
    std::lock_guard lock(mutex_);
    if (bytes_ + bytes > limit) {
      values_.clear();
      bytes_ = 0;
    }
    if (bytes <= limit && values_.emplace(key, value).second) bytes_ += bytes;
    return value;
  }

 private:
  static constexpr size_t limit = size_t(64) << 20;
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<const Value>> values_;
  size_t bytes_ = 0;
};

/// What a plan takes: factors for each element and a little.
size_t plan_bytes(size_t n) { return 16 * n + 1024; }

}  // namespace

bool has_large_factor(size_t n) {
  for (const size_t radix : radices_of(n)) {
    if (radix > Plan::largest_radix) return true;
  }
  return false;
}

size_t convenient_length(size_t n) {
  size_t best = SIZE_MAX;
  for (const size_t odd : {1, 3, 5, 9, 15}) {
    size_t length = odd;
    while (length < n) length *= 2;
    best = std::min(best, length);
  }
  return best;
}

Plan::Plan(size_t n) : n(n) {
  if (has_large_factor(n)) {
    convolution = plan_for(convenient_length(2 * n - 1));
    const size_t length = convolution->n;
    // The conjugate chirp, around 0, transformed by the lanes: in the first of them.
    const size_t lanes = lane_count();
    std::vector<float> data(2 * lanes * length), work(2 * lanes * length);
    for (size_t j = 0; j < n; ++j) {
      const Complex z = root_of_unity(uint64_t(j) * j % (2 * n), 2 * n);
      append(chirp, z);
      for (const size_t at : {j, (length - j) % length}) {
        data[2 * lanes * at] = float(z.real());
        data[2 * lanes * at + lanes] = -float(z.imag());
      }
    }
    const float* transformed = transform_lanes(*convolution, data.data(), work.data());
    for (size_t j = 0; j < length; ++j) {
      const float* element = transformed + 2 * lanes * j;
      append(spectrum, Complex(element[0], element[lanes]) / double(length));
    }
    return;
  }
  size_t left = n, stride = 1;
  for (const size_t radix : radices_of(n)) {
    Pass pass{radix, left / radix, stride, factors.size(), 0};
    for (size_t group = 0; group < pass.groups; ++group) {
      for (size_t t = 1; t < radix; ++t) append(factors, root_of_unity(group * t, left));
    }
    pass.roots = factors.size();
    for (size_t k = 0; k < radix; ++k) append(factors, root_of_unity(k, radix));
    passes.push_back(pass);
    left /= radix;
    stride *= radix;
  }
}

namespace {

/// The largest factor of n that is not above its root.
size_t balanced_factor(size_t n) {
  for (auto factor = size_t(std::sqrt(double(n))); factor > 1; --factor) {
    if (n % factor == 0) return factor;
  }
  return 1;
}

}  // namespace

bool Split::possible(size_t n) { return !has_large_factor(n) && balanced_factor(n) >= 8; }

Split::Split(size_t n) {
  const size_t length = balanced_factor(n), width = n / length;
  columns = plan_for(length);
  rows = plan_for(width);
  const RootTable roots(n);
  twiddles.resize(2 * n);
  parallel_for(length, 1 + 4096 / width, [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) {
      for (size_t c = 0, k = 0; c < width; ++c, k += r) {
        const Complex z = roots[k];
        twiddles[2 * (r * width + c)] = float(z.real());
        twiddles[2 * (r * width + c) + 1] = float(z.imag());
      }
    }
  });
}

// The caches are never destroyed: kernels may run until the process ends.

std::shared_ptr<const Plan> plan_for(size_t n) {
  static auto& plans = *new Cache<size_t, Plan>;
  return plans.get(n, plan_bytes(n), [n] { return std::make_shared<const Plan>(n); });
}

std::shared_ptr<const Split> split_for(size_t n) {
  static auto& splits = *new Cache<size_t, Split>;
  return splits.get(n, 8 * n, [n] { return std::make_shared<const Split>(n); });
}

std::shared_ptr<const std::vector<float>> roots_for(size_t n, size_t count) {
  static auto& tables = *new Cache<std::pair<size_t, size_t>, std::vector<float>>;
  return tables.get({n, count}, 8 * count, [n, count] {
    const RootTable roots(n);
    auto table = std::make_shared<std::vector<float>>();
    table->reserve(2 * count);
    for (size_t k = 0; k < count; ++k) append(*table, roots[k]);
    return std::shared_ptr<const std::vector<float>>(std::move(table));
  });
}

}  // namespace quern::cpu::fft
