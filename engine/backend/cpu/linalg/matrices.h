#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <vector>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/linalg/lapack.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu {

/// Calls f(std::type_identity<T>) with the element type of a dtype that LAPACK has.
template <typename F>
void for_matrix_type(Dtype dtype, F&& f) {
  if (dtype == float32) return f(std::type_identity<float>());
  if (dtype == float64) return f(std::type_identity<double>());
  f(std::type_identity<complex64_t>());
}

/// Row-major matrices in one stretch of memory.
template <typename T>
struct Matrices {
  T* data;
  int rows;
  int columns;
  size_t count;

  size_t size() const { return size_t(rows) * size_t(columns); }
  T* operator[](size_t i) const { return data + i * size(); }
};

/// The matrices of an evaluated row-major input.
template <typename T>
Matrices<const T> matrices(const array& a) {
  const int rows = a.shape(-2), columns = a.shape(-1);
  size_t count = 1;
  for (size_t i = 0; i + 2 < a.ndim(); ++i) count *= size_t(a.shape()[i]);
  return {a.data<T>(), rows, columns, count};
}

// OpenBLAS 0.3.21 reads ahead, and ignores what it read, past the end of a complex matrix: up to
// about a column. What LAPACK works on has that much memory behind it.

/// Memory for n elements that LAPACK works on.
template <typename T>
std::vector<T> working_memory(size_t n) {
  std::vector<T> memory;
  memory.reserve(2 * n + 64);  // pages that are not touched cost nothing
  memory.resize(n);
  return memory;
}

/// Row-major memory for an output that LAPACK works on.
inline void allocate_for_lapack(array& out) {
  if (out.dtype() != complex64 || out.ndim() == 0) return out.allocate();
  const auto matrix = size_t(out.shape(-1)) * size_t(out.ndim() > 1 ? out.shape(-2) : 1);
  out.set_view(Buffer::allocate(out.nbytes() + (matrix + 64) * out.itemsize()),
               row_major_strides(out.shape()), 0);
}

/// Calls f(begin, end) for ranges of matrices, on several threads when there is work enough: an
/// operation on one takes about `cost` multiplications.
template <typename F>
void for_each_range(size_t count, double cost, F&& f) {
  constexpr double worth_a_thread = 3e4;
  const auto grain = size_t(std::max(1.0, worth_a_thread / std::max(1.0, cost)));
  parallel_for(count, grain, std::forward<F>(f));
}

inline double cubed(int n) { return double(n) * n * n; }

/// LAPACK's answer to a call with lwork = -1: the size of its work array.
template <typename T>
int work_size(T answer) {
  if constexpr (std::is_same_v<T, complex64_t>)
    return std::max(1, int(answer.real()));
  else
    return std::max(1, int(answer));
}

}  // namespace quern::cpu
