#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <type_traits>

#include "engine/array/dispatch.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/reduce/exponentials.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/backend/cpu/tile_reader.h"
#include "engine/primitives/reduce.h"

namespace quern::cpu {

namespace {

constexpr size_t parallel_elements = size_t(1) << 14;

/// Calls f(first, count) for each tile of n elements.
template <typename F>
void for_each_tile(size_t n, F&& f) {
  for (size_t i = 0; i < n; i += tile_elements) f(i, std::min(tile_elements, n - i));
}

/// The elements [begin, begin + n): in place, or copied to `to`.
template <typename T>
const T* read_row(const TileReader& reader, size_t begin, size_t n, T* to) {
  if (const void* there = reader.in_place(begin)) return static_cast<const T*>(there);
  for_each_tile(n, [&](size_t i, size_t count) { reader.read(begin + i, count, to + i); });
  return to;
}

/// x may be `out`, and so may `memory`, for n exponentials.
template <typename T>
void softmax_row(const T* x, size_t n, float* memory, T* out) {
  const auto& loops = exponential_loops<T>();
  const float shift = loops.largest(x, n);
  double sum = 0;
  for_each_tile(n, [&](size_t i, size_t count) {
    sum += double(loops.sum(x + i, count, shift, memory + i));
  });
  loops.scale(memory, n, float(1 / sum), out);
}

void softmax_row(const double* x, size_t n, double* memory, double* out) {
  const double shift = *std::max_element(x, x + n);
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += memory[i] = std::exp(x[i] - shift);
  for (size_t i = 0; i < n; ++i) out[i] = memory[i] / sum;
}

template <typename T>
void softmax_rows(const array& a, array& out, size_t n, size_t rows) {
  using Exponential = std::conditional_t<sizeof(T) == 2, float, T>;
  const TileReader reader(a, a.dtype());
  parallel_for(rows, std::max<size_t>(1, parallel_elements / n), [&](size_t first, size_t last) {
    const std::unique_ptr<Exponential[]> memory(sizeof(T) == 2 ? new Exponential[n] : nullptr);
    for (size_t row = first; row < last; ++row) {
      T* to = out.data<T>() + row * n;
      const T* x = read_row(reader, row * n, n, to);
      if constexpr (std::is_same_v<T, Exponential>)
        softmax_row(x, n, to, to);
      else
        softmax_row(x, n, memory.get(), to);
    }
  });
}

template <typename T>
T logsumexp_row(const TileReader& reader, size_t begin, size_t n) {
  TileMemory scratch;
  ExponentialSum sum;
  for_each_tile(n, [&](size_t i, size_t count) {
    const auto* x = static_cast<const T*>(reader.read(begin + i, count, scratch));
    exponential_loops<T>().add(x, count, sum);
  });
  return T(sum.logarithm());
}

template <>
double logsumexp_row<double>(const TileReader& reader, size_t begin, size_t n) {
  TileMemory scratch;
  const auto for_each = [&](auto&& f) {
    for_each_tile(n, [&](size_t i, size_t count) {
      const auto* x = static_cast<const double*>(reader.read(begin + i, count, scratch));
      std::for_each(x, x + count, f);
    });
  };
  double shift = -std::numeric_limits<double>::infinity(), sum = 0;
  for_each([&](double x) { shift = std::max(shift, x); });
  // Nothing can be subtracted from infinity; then the sum is 0 or infinite without it too.
  if (std::isinf(shift)) shift = 0;
  for_each([&](double x) { sum += std::exp(x - shift); });
  return shift + std::log(sum);
}

template <typename T>
void logsumexp_rows(const array& a, array& out, size_t n, size_t rows) {
  const TileReader reader(a, a.dtype());
  const size_t grain = std::max<size_t>(1, parallel_elements / std::max<size_t>(1, n));
  parallel_for(rows, grain, [&](size_t first, size_t last) {
    for (size_t row = first; row < last; ++row)
      out.data<T>()[row] = logsumexp_row<T>(reader, row * n, n);
  });
}

/// Calls f<T>() with the type of a float dtype.
template <typename F>
void dispatch_floats(const Primitive& primitive, Dtype dtype, F&& f) {
  dispatch(dtype, [&]<typename T>(std::type_identity<T>) {
    if constexpr (std::is_floating_point_v<T> || std::is_same_v<T, float16_t> ||
                  std::is_same_v<T, bfloat16_t>)
      f.template operator()<T>();
    else
      throw std::invalid_argument(
          fmt::format("[{}] is not defined for {}", primitive.name(), dtype_name(dtype)));
  });
}

void softmax(const Softmax& p, const std::vector<array>& in, std::vector<array>& out) {
  out[0].take_or_allocate(in[0]);
  if (out[0].size() == 0) return;
  const auto n = size_t(in[0].shape().back());
  dispatch_floats(p, in[0].dtype(),
                  [&]<typename T>() { softmax_rows<T>(in[0], out[0], n, in[0].size() / n); });
}

void logsumexp(const LogSumExp& p, const std::vector<array>& in, std::vector<array>& out) {
  out[0].allocate();
  const auto n = size_t(in[0].shape().back());
  dispatch_floats(p, in[0].dtype(),
                  [&]<typename T>() { logsumexp_rows<T>(in[0], out[0], n, out[0].size()); });
}

}  // namespace

void register_softmax(KernelTable& table) {
  table.add<LogSumExp, logsumexp>();
  table.add<Softmax, softmax>();
}

}  // namespace quern::cpu
