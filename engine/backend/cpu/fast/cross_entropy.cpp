#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/fast/attention.h"
#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/quantized/product.h"
#include "engine/backend/cpu/reduce/exponentials.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/primitives/fast.h"

namespace quern::cpu {

namespace {

constexpr size_t block = 2048;  // elements that become gradients at a time

/// The rows of logits, and the class wanted of each.
class Rows {
 public:
  Rows(const array& logits, const array& targets)
      : logits_(row_contiguous(logits)), targets_(row_contiguous(targets)) {}

  size_t count() const { return targets_.size(); }
  size_t classes() const { return size_t(logits_.shape(-1)); }

  size_t target(size_t row) const {
    const int64_t number = targets_.data<int32_t>()[row], n = int64_t(classes());
    if (number >= -n && number < n) return size_t(number < 0 ? number + n : number);
    throw std::out_of_range(
        fmt::format("[cross_entropy] the target {} is none of {} classes", number, n));
  }

  void read(size_t row, size_t first, size_t n, float* to) const {
    const size_t at = row * classes() + first;
    if (logits_.dtype() == float16)
      widen(logits_.data<float16_t>() + at, to, n);
    else if (logits_.dtype() == bfloat16)
      widen(logits_.data<bfloat16_t>() + at, to, n);
    else
      widen(logits_.data<float>() + at, to, n);
  }

  /// Of the row's exponentials.
  ExponentialSum sum(size_t row) const {
    if (logits_.dtype() == float16) return sum_as<float16_t>(row);
    return logits_.dtype() == bfloat16 ? sum_as<bfloat16_t>(row) : sum_as<float>(row);
  }

  /// Calls f(first, n) for each block of a row.
  template <typename F>
  void for_each_block(F&& f) const {
    for (size_t i = 0; i < classes(); i += block) f(i, std::min(block, classes() - i));
  }

  /// Splits the rows over the pool.
  template <typename F>
  void for_each(F&& f) const {
    const size_t grain = std::max<size_t>(1, (size_t(1) << 14) / std::max<size_t>(1, classes()));
    parallel_for(count(), grain, [&](size_t begin, size_t end) {
      for (size_t row = begin; row < end; ++row) f(row);
    });
  }

 private:
  template <typename T>
  ExponentialSum sum_as(size_t row) const {
    ExponentialSum sum;
    exponential_loops<T>().add(logits_.data<T>() + row * classes(), classes(), sum);
    return sum;
  }

  array logits_, targets_;
};

template <typename T>
void store(array& out, size_t at, const float* values, size_t n) {
  narrow(values, out.data<T>() + at, n);
}

/// The function that stores floats in a dtype.
auto store_of(Dtype dtype) {
  return dtype == float16 ? store<float16_t> : dtype == bfloat16 ? store<bfloat16_t> : store<float>;
}

void cross_entropy(const fast::CrossEntropy&, const Arrays& in, Arrays& out) {
  out[0].allocate();
  const Rows rows(in[0], in[1]);
  const auto store = store_of(out[0].dtype());
  rows.for_each([&](size_t row) {
    const size_t target = rows.target(row);
    float chosen;
    rows.read(row, target, 1, &chosen);
    const ExponentialSum sum = rows.sum(row);
    // Infinite logits make no distribution.
    const float loss = std::isinf(sum.largest) ? std::numeric_limits<float>::quiet_NaN()
                                               : float(sum.logarithm() - double(chosen));
    store(out[0], row, &loss, 1);
  });
}

/// (softmax(logits) - 1 at the target) * cotangent.
void cross_entropy_vjp(const fast::CrossEntropyVJP&, const Arrays& in, Arrays& out) {
  // A row is read as a whole before it is written.
  out[0].take_or_allocate(in[0]);
  const Rows rows(in[0], in[1]);
  const array cotangents = float32_rows(in[2]);
  const auto store = store_of(out[0].dtype());
  rows.for_each([&](size_t row) {
    const float cotangent = cotangents.data<float>()[row];
    const size_t target = rows.target(row), start = row * rows.classes();
    float values[block];
    // Tokens that a mask leaves out cost nothing.
    if (cotangent == 0) {
      std::fill_n(values, block, 0.0f);
      return rows.for_each_block(
          [&](size_t first, size_t n) { store(out[0], start + first, values, n); });
    }
    const ExponentialSum softmax = rows.sum(row);
    const auto factor = float(double(cotangent) / softmax.sum);
    rows.for_each_block([&](size_t first, size_t n) {
      rows.read(row, first, n, values);
      exponentials(values, n, softmax.largest);
      scale_row(values, n, factor);
      if (target >= first && target < first + n) values[target - first] -= cotangent;
      store(out[0], start + first, values, n);
    });
  });
}

}  // namespace

void register_cross_entropy(KernelTable& table) {
  table.add<fast::CrossEntropy, cross_entropy>();
  table.add<fast::CrossEntropyVJP, cross_entropy_vjp>();
}

}  // namespace quern::cpu
