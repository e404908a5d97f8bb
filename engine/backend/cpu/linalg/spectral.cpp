#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/linalg/matrices.h"
#include "engine/primitives/linalg.h"

// Singular values and eigenvalues, which iterations find, and what follows from them.

namespace quern::cpu {

namespace {

using lapack::Real;

/// The iterations need not end on NaN and infinities.
template <typename T>
void require_finite(const char* where, const T* a, size_t size, size_t matrix) {
  const auto* parts = reinterpret_cast<const Real<T>*>(a);
  const size_t count = size * (sizeof(T) / sizeof(Real<T>));
  for (size_t i = 0; i < count; ++i) {
    if (std::isfinite(parts[i])) continue;
    throw std::runtime_error(
        fmt::format("[{}] matrix {} has NaN or infinite elements", where, matrix));
  }
}

void require_converged(const char* where, size_t matrix, int info) {
  if (info == 0) return;
  throw std::runtime_error(
      fmt::format("[{}] the iteration for matrix {} did not converge: {}", where, matrix, info));
}

/// Singular value decompositions, with memory to work in. Of a row-major A the transpose is given,
/// A^T = U' S V'^H, so that A's U is (V'^H)^T and its V^H is U'^T: their memory is as it should be.
template <typename T>
class SingularValues {
 public:
  SingularValues(int rows, int columns, char job)
      : rows_(rows),
        columns_(columns),
        job_(job),
        a_(working_memory<T>(size_t(rows) * size_t(columns))),
        indices_(8 * size_t(rank())) {
    const auto k = size_t(rank()), l = size_t(std::max(rows, columns));
    if constexpr (!std::is_same_v<T, Real<T>>)
      real_.resize(std::max(5 * k * k + 5 * k, 2 * l * k + 2 * k * k + k) + 7 * k);
    T answer{};
    call(nullptr, nullptr, nullptr, &answer, -1);
    work_ = working_memory<T>(size_t(work_size(answer)));
  }

  int rank() const { return std::min(rows_, columns_); }

  /// Job 'A': u [rows, rows], s [rank], vh [columns, columns]; 'S': u [rows, rank], vh [rank,
  /// columns]; 'N': s alone.
  void operator()(const T* a, T* u, Real<T>* s, T* vh, const char* where, size_t matrix) {
    require_finite(where, a, a_.size(), matrix);
    std::copy_n(a, a_.size(), a_.data());
    require_converged(where, matrix, call(u, s, vh, work_.data(), int(work_.size())));
  }

 private:
  int call(T* u, Real<T>* s, T* vh, T* work, int size) {
    const int ldu = job_ == 'S' ? rank() : rows_;
    return lapack::gesdd(job_, columns_, rows_, a_.data(), s, vh, columns_, u, ldu, work, size,
                         real_.data(), indices_.data());
  }

  int rows_;
  int columns_;
  char job_;
  std::vector<T> a_;
  std::vector<T> work_;
  std::vector<Real<T>> real_;
  std::vector<int> indices_;
};

template <typename T>
void fill_identity(T* a, size_t count, int n) {
  std::fill_n(a, count * size_t(n) * size_t(n), T(0));
  for (size_t i = 0; i < count * size_t(n); ++i) a[i * size_t(n) + i % size_t(n)] = T(1);
}

void svd(const SVD& p, const std::vector<array>& in, std::vector<array>& out) {
  const array dense = row_contiguous(in[0]);
  for (array& o : out) allocate_for_lapack(o);
  for_matrix_type(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    const Matrices<const T> a = matrices<T>(dense);
    const auto m = size_t(a.rows), n = size_t(a.columns), k = std::min(m, n);
    T* u = p.compute_uv ? out[0].data<T>() : nullptr;
    auto* s = out[p.compute_uv ? 1 : 0].data<Real<T>>();
    T* vh = p.compute_uv ? out[2].data<T>() : nullptr;
    if (k == 0) {
      if (u) fill_identity(u, a.count, a.rows);
      if (vh) fill_identity(vh, a.count, a.columns);
      return;
    }
    for_each_range(a.count, 8 * double(m) * double(n) * double(k), [&](size_t begin, size_t end) {
      SingularValues<T> decompose(a.rows, a.columns, p.compute_uv ? 'A' : 'N');
      for (size_t i = begin; i < end; ++i) {
        decompose(a[i], u ? u + i * m * m : nullptr, s + i * k, vh ? vh + i * n * n : nullptr,
                  "linalg::svd", i);
      }
    });
  });
}

template <typename T>
T conjugate_of(T x) {
  if constexpr (std::is_same_v<T, complex64_t>)
    return std::conj(x);
  else
    return x;
}

void pinv(const PseudoInverse&, const std::vector<array>& in, std::vector<array>& out) {
  const array dense = row_contiguous(in[0]);
  allocate_for_lapack(out[0]);
  if (dense.size() == 0) return;
  for_matrix_type(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    const Matrices<const T> a = matrices<T>(dense);
    const auto m = size_t(a.rows), n = size_t(a.columns), k = std::min(m, n);
    const auto eps = 10 * Real<T>(std::max(m, n)) * std::numeric_limits<Real<T>>::epsilon();
    T* inverse = out[0].data<T>();
    for_each_range(a.count, 8 * double(m) * double(n) * double(k), [&](size_t begin, size_t end) {
      SingularValues<T> decompose(a.rows, a.columns, 'S');
      std::vector<T> u = working_memory<T>(m * k), vh = working_memory<T>(k * n);
      std::vector<T> uh(k * m);
      std::vector<Real<T>> s(k);
      for (size_t i = begin; i < end; ++i) {
        decompose(a[i], u.data(), s.data(), vh.data(), "linalg::pinv", i);
        // V diag(1 / s) U^H, by the conjugate transpose of U so that the inner loop is dense.
        for (size_t r = 0; r < m; ++r)
          for (size_t c = 0; c < k; ++c) uh[c * m + r] = conjugate_of(u[r * k + c]);
        for (size_t c = 0; c < n; ++c) {
          T* to = inverse + (i * n + c) * m;
          std::fill_n(to, m, T(0));
          for (size_t j = 0; j < k && s[j] > eps * s[0]; ++j) {
            const T factor = conjugate_of(vh[j * n + c]) / s[j];
            for (size_t r = 0; r < m; ++r) to[r] += factor * uh[j * m + r];
          }
        }
      }
    });
  });
}

/// The sign of the determinant of a unitary matrix; overwrites it.
template <typename T>
T unitary_determinant(std::vector<T>& a, int n, std::vector<int>& pivots) {
  lapack::getrf(n, n, a.data(), n, pivots.data());
  T value = 1;
  for (int i = 0; i < n; ++i) {
    const T element = a[size_t(i) * size_t(n + 1)];
    value *= (pivots[size_t(i)] == i + 1 ? T(1) : T(-1)) * element / std::abs(element);
  }
  return value;
}

/// With A = U diag(s) V^H: C = det(U V^H) conj(U) diag(t) conj(V)^H, where t_i is the product of
/// the singular values but s_i: nothing is divided by, so A may be singular.
void cofactor(const Cofactor&, const std::vector<array>& in, std::vector<array>& out) {
  const array dense = row_contiguous(in[0]);
  allocate_for_lapack(out[0]);
  if (dense.size() == 0) return;
  for_matrix_type(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    const Matrices<const T> a = matrices<T>(dense);
    const auto n = size_t(a.rows);
    T* cofactors = out[0].data<T>();
    for_each_range(a.count, 10 * cubed(a.rows), [&](size_t begin, size_t end) {
      SingularValues<T> decompose(a.rows, a.rows, 'A');
      std::vector<T> u = working_memory<T>(n * n), vh = working_memory<T>(n * n);
      std::vector<T> scratch = working_memory<T>(n * n);
      std::vector<Real<T>> s(n);
      std::vector<int> pivots(n);
      for (size_t i = begin; i < end; ++i) {
        decompose(a[i], u.data(), s.data(), vh.data(), "linalg::det", i);
        T direction = unitary_determinant(scratch = u, a.rows, pivots);
        direction *= unitary_determinant(scratch = vh, a.rows, pivots);
        T* c = cofactors + i * n * n;
        std::fill_n(c, n * n, T(0));
        for (size_t j = 0; j < n; ++j) {
          T others = direction;
          for (size_t l = 0; l < n; ++l) others *= l == j ? Real<T>(1) : s[l];
          for (size_t row = 0; row < n; ++row) {
            const T factor = others * conjugate_of(u[row * n + j]);
            for (size_t column = 0; column < n; ++column)
              c[row * n + column] += factor * conjugate_of(vh[j * n + column]);
          }
        }
      }
    });
  });
}

/// Eigenvalues of Hermitian matrices, with memory to work in.
template <typename T>
class HermitianEigen {
 public:
  HermitianEigen(int n, char job, char uplo) : n_(n), job_(job), uplo_(uplo) {
    T work{};
    Real<T> real{};
    int index = 0;
    lapack::heevd(job, uplo, n, nullptr, nullptr, &work, -1, &real, -1, &index, -1);
    work_ = working_memory<T>(size_t(work_size(work)));
    real_.resize(size_t(work_size(real)));
    indices_.resize(size_t(std::max(1, index)));
  }

  int operator()(T* a, Real<T>* w) {
    return lapack::heevd(job_, uplo_, n_, a, w, work_.data(), int(work_.size()), real_.data(),
                         int(real_.size()), indices_.data(), int(indices_.size()));
  }

 private:
  int n_;
  char job_;
  char uplo_;
  std::vector<T> work_;
  std::vector<Real<T>> real_;
  std::vector<int> indices_;
};

/// LAPACK's eigenvectors are the columns of a column-major matrix and, as it is given the
/// transpose, which is the conjugate, conjugate to ours.
template <typename T>
void vectors_to_columns(T* a, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    a[i * n + i] = conjugate_of(a[i * n + i]);
    for (size_t j = i + 1; j < n; ++j) {
      const T upper = a[i * n + j];
      a[i * n + j] = conjugate_of(a[j * n + i]);
      a[j * n + i] = conjugate_of(upper);
    }
  }
}

void eigh(const Eigh& p, const std::vector<array>& in, std::vector<array>& out) {
  const array dense = row_contiguous(in[0]);
  for (array& o : out) allocate_for_lapack(o);
  if (dense.size() == 0) return;
  for_matrix_type(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    const Matrices<const T> a = matrices<T>(dense);
    const auto n = size_t(a.rows);
    const char* where = p.compute_vectors ? "linalg::eigh" : "linalg::eigvalsh";
    for_each_range(a.count, 6 * cubed(a.rows), [&](size_t begin, size_t end) {
      // The row-major lower triangle is LAPACK's upper one.
      HermitianEigen<T> decompose(a.rows, p.compute_vectors ? 'V' : 'N', p.uplo == "L" ? 'U' : 'L');
      std::vector<T> scratch = working_memory<T>(p.compute_vectors ? 0 : n * n);
      for (size_t i = begin; i < end; ++i) {
        require_finite(where, a[i], n * n, i);
        T* vectors = p.compute_vectors ? out[1].data<T>() + i * n * n : scratch.data();
        std::copy_n(a[i], n * n, vectors);
        require_converged(where, i, decompose(vectors, out[0].data<Real<T>>() + i * n));
        if (p.compute_vectors) vectors_to_columns(vectors, n);
      }
    });
  });
}

/// Eigenvalues of any matrices, with memory to work in. LAPACK is given the transpose, whose left
/// eigenvectors are conjugate to the right ones of the matrix itself.
template <typename T>
class GeneralEigen {
 public:
  GeneralEigen(int n, bool vectors) : n_(n), job_(vectors ? 'V' : 'N') {
    T answer{};
    call(nullptr, &answer, -1);
    work_ = working_memory<T>(size_t(work_size(answer)));
    a_ = working_memory<T>(size_t(n) * size_t(n));
    values_.resize(size_t(n));
    imaginary_.resize(size_t(n));
    vectors_ = working_memory<T>(vectors ? a_.size() : 0);
  }

  int operator()(const T* a, complex64_t* w, complex64_t* v) {
    std::copy_n(a, a_.size(), a_.data());
    const int info = call(a_.data(), work_.data(), int(work_.size()));
    const auto n = size_t(n_);
    for (size_t j = 0; j < n; ++j) {
      w[j] = value(j);
      if (!v) continue;
      for (size_t i = 0; i < n; ++i) v[i * n + j] = component(i, j);
    }
    return info;
  }

 private:
  static constexpr bool is_real = std::is_same_v<T, Real<T>>;

  int call(T* a, T* work, int size) {
    if constexpr (is_real)
      return lapack::geev(job_, n_, a, values_.data(), imaginary_.data(), vectors_.data(), work,
                          size);
    else
      return lapack::geev(job_, n_, a, values_.data(), vectors_.data(), work, size, real_work());
  }

  Real<T>* real_work() {
    imaginary_.resize(2 * size_t(n_));
    return imaginary_.data();
  }

  complex64_t value(size_t j) const {
    if constexpr (is_real)
      return {float(values_[j]), float(imaginary_[j])};
    else
      return values_[j];
  }

  /// Real matrices have conjugate pairs of eigenvalues, the one above the real line first, whose
  /// vectors share two columns: real and imaginary parts.
  complex64_t component(size_t i, size_t j) const {
    const auto n = size_t(n_);
    if constexpr (is_real) {
      if (imaginary_[j] == 0) return float(vectors_[j * n + i]);
      const size_t first = imaginary_[j] > 0 ? j : j - 1;
      const auto re = float(vectors_[first * n + i]), im = float(vectors_[(first + 1) * n + i]);
      return {re, imaginary_[j] > 0 ? -im : im};
    } else {
      return std::conj(vectors_[j * n + i]);
    }
  }

  int n_;
  char job_;
  std::vector<T> a_;
  std::vector<T> values_;
  std::vector<Real<T>> imaginary_;
  std::vector<T> vectors_;
  std::vector<T> work_;
};

void eig(const Eig& p, const std::vector<array>& in, std::vector<array>& out) {
  const array dense = row_contiguous(in[0]);
  for (array& o : out) allocate_for_lapack(o);
  if (dense.size() == 0) return;
  for_matrix_type(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    const Matrices<const T> a = matrices<T>(dense);
    const auto n = size_t(a.rows);
    const char* where = p.compute_vectors ? "linalg::eig" : "linalg::eigvals";
    for_each_range(a.count, 20 * cubed(a.rows), [&](size_t begin, size_t end) {
      GeneralEigen<T> decompose(a.rows, p.compute_vectors);
      for (size_t i = begin; i < end; ++i) {
        require_finite(where, a[i], n * n, i);
        complex64_t* v = p.compute_vectors ? out[1].data<complex64_t>() + i * n * n : nullptr;
        require_converged(where, i, decompose(a[i], out[0].data<complex64_t>() + i * n, v));
      }
    });
  });
}

}  // namespace

void register_linalg_spectral(KernelTable& table) {
  table.add<Cofactor, cofactor>();
  table.add<Eig, eig>();
  table.add<Eigh, eigh>();
  table.add<PseudoInverse, pinv>();
  table.add<SVD, svd>();
}

}  // namespace quern::cpu
