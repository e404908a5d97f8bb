#include <fmt/format.h>

#include <cmath>
#include <complex>
#include <stdexcept>

#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/linalg/matrices.h"
#include "engine/primitives/linalg.h"

// Inverses, solutions, triangular factors of Hermitian matrices, determinants. A row-major matrix
// is its transpose to LAPACK: the inverse of that is the transposed inverse, its lower triangle our
// upper one.

namespace quern::cpu {

namespace {

[[noreturn]] void throw_singular(const char* where, int n, size_t matrix, int at) {
  throw std::runtime_error(fmt::format("[{}] matrix {} of size {} x {} is singular: pivot {} is 0",
                                       where, matrix, n, n, at - 1));
}

char lapack_triangle(bool upper) { return upper ? 'L' : 'U'; }

template <typename T>
void clear_triangle(T* a, int n, bool upper) {
  for (int i = 0; i < n; ++i) {
    T* row = a + size_t(i) * size_t(n);
    if (upper)
      std::fill(row + i + 1, row + n, T(0));
    else
      std::fill(row, row + i, T(0));
  }
}

/// The input's matrices in the output's memory, to be worked on in place.
template <typename T>
Matrices<T> copied(const array& in, array& out) {
  if (out.dtype() == complex64 || !out.take_or_allocate(in)) {
    allocate_for_lapack(out);
    copy_into(in, out);
  }
  const Matrices<const T> from = matrices<T>(out);
  return {out.data<T>(), from.rows, from.columns, from.count};
}

template <typename T>
void invert_general(const Matrices<T>& a) {
  const int n = a.rows;
  for_each_range(a.count, cubed(n), [&](size_t begin, size_t end) {
    std::vector<int> pivots(size_t(n) + 1);
    T answer{};
    lapack::getri(n, a.data, n, pivots.data(), &answer, -1);
    std::vector<T> work = working_memory<T>(size_t(work_size(answer)));
    for (size_t i = begin; i < end; ++i) {
      int info = lapack::getrf(n, n, a[i], n, pivots.data());
      if (info == 0) info = lapack::getri(n, a[i], n, pivots.data(), work.data(), int(work.size()));
      if (info != 0) throw_singular("linalg::inv", n, i, info);
    }
  });
}

template <typename T>
void invert_triangular(const Matrices<T>& a, bool upper) {
  const int n = a.rows;
  for_each_range(a.count, cubed(n) / 3, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const int info = lapack::trtri(lapack_triangle(upper), n, a[i], n);
      if (info != 0) throw_singular("linalg::tri_inv", n, i, info);
      clear_triangle(a[i], n, !upper);
    }
  });
}

void inverse(const Inverse& p, const std::vector<array>& in, std::vector<array>& out) {
  for_matrix_type(in[0].dtype(), [&]<typename T>(std::type_identity<T>) {
    const Matrices<T> a = copied<T>(in[0], out[0]);
    if (out[0].size() == 0) return;
    if (p.triangular)
      invert_triangular(a, p.upper);
    else
      invert_general(a);
  });
}

/// 0, or the order of the first leading minor that is not positive. NaN and infinity pass LAPACK
/// by.
template <typename T>
int factor_hermitian(T* a, int n, bool upper) {
  const int info = lapack::potrf(lapack_triangle(upper), n, a, n);
  if (info != 0) return info;
  for (int i = 0; i < n; ++i) {
    const auto root = std::real(a[size_t(i) * size_t(n + 1)]);
    if (!(root > 0) || std::isinf(root)) return i + 1;
  }
  return 0;
}

void cholesky(const Cholesky& p, const std::vector<array>& in, std::vector<array>& out) {
  for_matrix_type(in[0].dtype(), [&]<typename T>(std::type_identity<T>) {
    const Matrices<T> a = copied<T>(in[0], out[0]);
    const int n = a.rows;
    if (out[0].size() == 0) return;
    for_each_range(a.count, cubed(n) / 3, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        if (const int minor = factor_hermitian(a[i], n, p.upper); minor != 0) {
          throw std::runtime_error(
              fmt::format("[linalg::cholesky] matrix {} of size {} x {} is not positive definite: "
                          "its leading minor of order {}",
                          i, n, n, minor));
        }
        clear_triangle(a[i], n, !p.upper);
      }
    });
  });
}

template <typename T>
void transpose_into(const T* from, int rows, int columns, T* to) {
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      to[size_t(j) * size_t(rows) + size_t(i)] = from[size_t(i) * size_t(columns) + size_t(j)];
    }
  }
}

void solve(const Solve&, const std::vector<array>& in, std::vector<array>& out) {
  const array left = row_contiguous(in[0]);
  for_matrix_type(left.dtype(), [&]<typename T>(std::type_identity<T>) {
    const Matrices<const T> a = matrices<T>(left);
    const Matrices<T> b = copied<T>(in[1], out[0]);
    const int n = a.rows, k = b.columns;
    if (out[0].size() == 0) return;
    for_each_range(a.count, cubed(n) / 3 + double(n) * n * k, [&](size_t begin, size_t end) {
      std::vector<T> factors = working_memory<T>(a.size());
      std::vector<T> columns = working_memory<T>(k > 1 ? b.size() : 0);
      std::vector<int> pivots(size_t(n) + 1);
      for (size_t i = begin; i < end; ++i) {
        std::copy_n(a[i], a.size(), factors.data());
        const int info = lapack::getrf(n, n, factors.data(), n, pivots.data());
        if (info != 0) throw_singular("linalg::solve", n, i, info);
        T* x = b[i];
        if (k > 1) transpose_into(b[i], n, k, x = columns.data());
        lapack::getrs('T', n, k, factors.data(), n, pivots.data(), x, n);
        if (k > 1) transpose_into(x, k, n, b[i]);
      }
    });
  });
}

void solve_triangular(const SolveTriangular& p, const std::vector<array>& in,
                      std::vector<array>& out) {
  const array left = row_contiguous(in[0]);
  for_matrix_type(left.dtype(), [&]<typename T>(std::type_identity<T>) {
    const Matrices<const T> a = matrices<T>(left);
    const Matrices<T> b = copied<T>(in[1], out[0]);
    const int n = a.rows, k = b.columns;
    if (out[0].size() == 0) return;
    for_each_range(a.count, double(n) * n * k, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        for (int j = 0; j < n; ++j) {
          if (a[i][size_t(j) * size_t(n + 1)] == T(0))
            throw_singular("linalg::solve_triangular", n, i, j + 1);
        }
        lapack::solve_triangular(p.upper, n, k, a[i], b[i]);
      }
    });
  });
}

/// Sign (direction) and log of the magnitude of a determinant, from factors in place of the matrix.
template <typename T>
struct LogDet {
  T sign = 1;
  lapack::Real<T> log = 0;

  LogDet(T* a, int n, std::vector<int>& pivots) {
    if (n > 0) lapack::getrf(n, n, a, n, pivots.data());
    for (int i = 0; i < n; ++i) {
      const T element = a[size_t(i) * size_t(n + 1)];
      const auto size = std::abs(element);
      sign *= (pivots[size_t(i)] == i + 1 ? T(1) : T(-1)) * (size > 0 ? element / size : element);
      log += std::log(size);
    }
  }
};

void slogdet(const SlogDet&, const std::vector<array>& in, std::vector<array>& out) {
  const array dense = row_contiguous(in[0]);
  for (array& o : out) allocate_for_lapack(o);
  for_matrix_type(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    const Matrices<const T> a = matrices<T>(dense);
    for_each_range(a.count, cubed(a.rows) / 3, [&](size_t begin, size_t end) {
      std::vector<int> pivots(size_t(a.rows) + 1);
      std::vector<T> factors = working_memory<T>(a.size());
      for (size_t i = begin; i < end; ++i) {
        std::copy_n(a[i], a.size(), factors.data());
        const LogDet<T> value(factors.data(), a.rows, pivots);
        out[0].data<T>()[i] = value.sign;
        out[1].data<lapack::Real<T>>()[i] = value.log;
      }
    });
  });
}

/// The determinant, from factors in place of the matrix.
template <typename T>
T determinant(T* a, int n, std::vector<int>& pivots) {
  if (n > 0) lapack::getrf(n, n, a, n, pivots.data());
  T value = 1;
  for (int i = 0; i < n; ++i) {
    value *=
        pivots[size_t(i)] == i + 1 ? a[size_t(i) * size_t(n + 1)] : -a[size_t(i) * size_t(n + 1)];
  }
  return value;
}

void det(const Det&, const std::vector<array>& in, std::vector<array>& out) {
  const array dense = row_contiguous(in[0]);
  allocate_for_lapack(out[0]);
  for_matrix_type(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    const Matrices<const T> a = matrices<T>(dense);
    for_each_range(a.count, cubed(a.rows) / 3, [&](size_t begin, size_t end) {
      std::vector<int> pivots(size_t(a.rows) + 1);
      std::vector<T> factors = working_memory<T>(a.size());
      for (size_t i = begin; i < end; ++i) {
        std::copy_n(a[i], a.size(), factors.data());
        out[0].data<T>()[i] = determinant(factors.data(), a.rows, pivots);
      }
    });
  });
}

template <typename T>
void factor_lu(const Matrices<const T>& a, T* packed, uint32_t* exchanged, uint32_t* row_of) {
  const int m = a.rows, n = a.columns, k = std::min(m, n);
  for_each_range(a.count, double(m) * n * k, [&](size_t begin, size_t end) {
    std::vector<T> columns = working_memory<T>(a.size());
    std::vector<int> pivots(size_t(k) + 1);
    std::vector<uint32_t> order(static_cast<size_t>(m));
    for (size_t i = begin; i < end; ++i) {
      transpose_into(a[i], m, n, columns.data());
      lapack::getrf(m, n, columns.data(), m, pivots.data());
      transpose_into(columns.data(), n, m, packed + i * a.size());
      for (int j = 0; j < m; ++j) order[size_t(j)] = uint32_t(j);
      for (int j = 0; j < k; ++j) {
        const int with = pivots[size_t(j)] - 1;
        exchanged[i * size_t(k) + size_t(j)] = uint32_t(with);
        std::swap(order[size_t(j)], order[size_t(with)]);
      }
      for (int j = 0; j < m; ++j) row_of[i * size_t(m) + order[size_t(j)]] = uint32_t(j);
    }
  });
}

void lu(const LU&, const std::vector<array>& in, std::vector<array>& out) {
  const array dense = row_contiguous(in[0]);
  for (array& o : out) allocate_for_lapack(o);
  if (dense.size() == 0) {
    // No pivots to exchange rows by: each is where it was.
    const auto m = std::max<size_t>(1, size_t(dense.shape(-2)));
    for (size_t i = 0; i < out[2].size(); ++i) out[2].data<uint32_t>()[i] = uint32_t(i % m);
    return;
  }
  for_matrix_type(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    factor_lu<T>(matrices<T>(dense), out[0].data<T>(), out[1].data<uint32_t>(),
                 out[2].data<uint32_t>());
  });
}

/// Q R of A from the L Q of its transpose.
template <typename T>
void factor_qr(const Matrices<const T>& a, T* q, T* r) {
  const int m = a.rows, n = a.columns, k = std::min(m, n);
  const auto sm = size_t(m), sn = size_t(n), sk = size_t(k);
  for_each_range(a.count, double(m) * n * k, [&](size_t begin, size_t end) {
    std::vector<T> factors = working_memory<T>(a.size()), tau = working_memory<T>(sk);
    T answers[2]{};
    lapack::gelqf(n, m, factors.data(), n, tau.data(), &answers[0], -1);
    lapack::orglq(k, m, k, factors.data(), n, tau.data(), &answers[1], -1);
    const int most = std::max(work_size(answers[0]), work_size(answers[1]));
    std::vector<T> work = working_memory<T>(size_t(most));
    for (size_t i = begin; i < end; ++i) {
      std::copy_n(a[i], a.size(), factors.data());
      lapack::gelqf(n, m, factors.data(), n, tau.data(), work.data(), int(work.size()));
      T* upper = r + i * sk * sn;
      for (size_t row = 0; row < sk; ++row) {
        std::fill_n(upper + row * sn, row, T(0));
        std::copy_n(factors.data() + row * sn + row, sn - row, upper + row * sn + row);
      }
      lapack::orglq(k, m, k, factors.data(), n, tau.data(), work.data(), int(work.size()));
      for (size_t row = 0; row < sm; ++row)
        std::copy_n(factors.data() + row * sn, sk, q + (i * sm + row) * sk);
    }
  });
}

void qr(const QR&, const std::vector<array>& in, std::vector<array>& out) {
  const array dense = row_contiguous(in[0]);
  for (array& o : out) allocate_for_lapack(o);
  if (dense.size() == 0) return;
  for_matrix_type(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    factor_qr<T>(matrices<T>(dense), out[0].data<T>(), out[1].data<T>());
  });
}

}  // namespace

void register_linalg_solve(KernelTable& table) {
  table.add<Cholesky, cholesky>();
  table.add<Det, det>();
  table.add<Inverse, inverse>();
  table.add<LU, lu>();
  table.add<QR, qr>();
  table.add<SlogDet, slogdet>();
  table.add<Solve, solve>();
  table.add<SolveTriangular, solve_triangular>();
}

}  // namespace quern::cpu
