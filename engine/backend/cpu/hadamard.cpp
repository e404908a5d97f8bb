#include "engine/primitives/hadamard.h"

#include <algorithm>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/scratch.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu {

namespace {

using Arrays = std::vector<array>;

// The Hadamard matrices that MLX uses: bit j of entry i is set where element (i, j) is -1.

constexpr uint32_t order_12[12] = {0x0000002, 0x0000aab, 0x00003c8, 0x000096e,
                                   0x0000f20, 0x00005ba, 0x0000c8c, 0x00006e6,
                                   0x000023c, 0x0000b96, 0x00008f0, 0x0000e5a};

constexpr uint32_t order_20[20] = {0x00933de, 0x002e3bd, 0x005477b, 0x00a0ef7, 0x00499ef,
                                   0x00637c1, 0x00c6ba2, 0x008d764, 0x001aee8, 0x00359f0,
                                   0x000fa53, 0x00174a7, 0x0026d4e, 0x0045e9c, 0x0083d39,
                                   0x00f7a6d, 0x00ef4fa, 0x00dedd5, 0x00bdf8b, 0x007bf36};

constexpr uint32_t order_28[28] = {0xcd69e7e, 0x9ad7c7d, 0x37ab8fb, 0x6d571f7, 0xd8ae3ef, 0xb3587df,
                                   0x66b4f3f, 0xb467f43, 0x6acbe87, 0xd593d8e, 0xab27b9c, 0x564f7b8,
                                   0xac9aff0, 0x5b31fe1, 0x87fb325, 0x0ff66ca, 0x1decd95, 0x39ddb2a,
                                   0x71bf654, 0xe17eca9, 0xc2fd9d2, 0xfcf1299, 0xfbe2532, 0xf7c4ae4,
                                   0xef8d549, 0xdf1ea13, 0xbe3d4a6, 0x7e7a94c};

const uint32_t* matrix_of_order(int m) {
  return m == 12 ? order_12 : m == 20 ? order_20 : order_28;
}

/// x = H @ x for Sylvester's matrix of order n, a power of two.
template <typename F>
void transform_power_of_two(F* x, size_t n) {
  size_t half = 1;
  if (n >= 4) {  // two steps at once, where the partners lie too close for vectors
    for (size_t i = 0; i < n; i += 4) {
      const F a = x[i] + x[i + 1], b = x[i] - x[i + 1];
      const F c = x[i + 2] + x[i + 3], d = x[i + 2] - x[i + 3];
      x[i] = a + c;
      x[i + 1] = b + d;
      x[i + 2] = a - c;
      x[i + 3] = b - d;
    }
    half = 4;
  }
  for (; half < n; half *= 2) {
    for (size_t i = 0; i < n; i += 2 * half) {
      F* low = x + i;
      F* high = low + half;
      for (size_t j = 0; j < half; ++j) {
        const F sum = low[j] + high[j], difference = low[j] - high[j];
        low[j] = sum;
        high[j] = difference;
      }
    }
  }
}

/// out = M @ x for x [m, n], where M is the matrix of order m or its transpose.
template <typename F>
void transform_rows(const F* x, size_t m, size_t n, bool transposed, F* out) {
  const uint32_t* matrix = matrix_of_order(int(m));
  for (size_t i = 0; i < m; ++i) {
    F* to = out + i * n;
    std::fill_n(to, n, F(0));
    for (size_t j = 0; j < m; ++j) {
      const bool negative = transposed ? matrix[j] >> i & 1 : matrix[i] >> j & 1;
      const F sign = negative ? F(-1) : F(1);
      const F* from = x + j * n;
      for (size_t k = 0; k < n; ++k) to[k] += sign * from[k];
    }
  }
}

template <typename T, typename F>
void transform(const Hadamard& p, const T* in, size_t rows, size_t length, T* out) {
  const auto m = size_t(hadamard_factor(int(length))), n = length / m;
  parallel_for(rows, std::max<size_t>(1, (size_t(1) << 14) / length),
               [&](size_t begin, size_t end) {
                 Scratch<F> row(length), mixed(m == 1 ? 0 : length);
                 for (size_t r = begin; r < end; ++r) {
                   const T* from = in + r * length;
                   F* x = row.data();
                   for (size_t i = 0; i < length; ++i) x[i] = F(from[i]);
                   for (size_t i = 0; i < m; ++i) transform_power_of_two(x + i * n, n);
                   if (m != 1) {
                     transform_rows(x, m, n, p.transposed, mixed.data());
                     x = mixed.data();
                   }
                   T* to = out + r * length;
                   for (size_t i = 0; i < length; ++i) to[i] = T(F(p.scale) * x[i]);
                 }
               });
}

void hadamard(const Hadamard& p, const Arrays& in, Arrays& out) {
  out[0].allocate();
  if (out[0].size() == 0) return;
  const array a = row_contiguous(in[0]);
  const auto length = size_t(a.shape(-1)), rows = a.size() / length;
  dispatch(a.dtype(), [&]<typename T>(std::type_identity<T>) {
    if constexpr (std::is_same_v<T, double>)
      transform<T, double>(p, a.data<T>(), rows, length, out[0].data<T>());
    else if constexpr (!std::is_integral_v<T> && !std::is_same_v<T, complex64_t>)
      transform<T, float>(p, a.data<T>(), rows, length, out[0].data<T>());
  });
}

}  // namespace

void register_hadamard(KernelTable& table) { table.add<Hadamard, hadamard>(); }

}  // namespace quern::cpu
