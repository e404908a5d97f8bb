// Products of float matrices.

#include <fmt/format.h>

#include "bench/kernels/random_arrays.h"
#include "bench/suite/sections.h"

namespace quern::bench {

namespace {

/// [m, k] @ [n, k]^T, as a linear layer computes it.
Work product(int m, int n, int k, Dtype dtype) {
  const array x = random_array({m, k}, dtype, 1), w = random_array({n, k}, dtype, 2);
  const double operations = 2.0 * m * n * k;
  return {.unit = gigaflops,
          .amount = operations,
          .bound = Cost{.float32_operations = operations},
          .run = timed([=] { matmul(x, transpose(w)).eval(); })};
}

/// One row by many matrices, each from memory.
Work row_product(int n, int k, Dtype dtype) {
  const array x = random_array({1, k}, dtype, 1);
  const double bytes = double(n) * k * double(dtype.size());
  std::vector<array> weights;
  for (int i = more_than_caches(size_t(bytes)); i > 0; --i)
    weights.push_back(random_array({n, k}, dtype, uint64_t(i)));
  const double all = bytes * double(weights.size());
  return {.unit = gigabytes,
          .amount = all,
          .bound = Cost{.read = all},
          .run = timed([=] {
            for (const array& w : weights) matmul(x, transpose(w)).eval();
          })};
}

}  // namespace

void matmul_kernels(Suite& suite) {
  struct Size {
    int m, n, k;
  };
  for (const Dtype dtype : {float32, bfloat16, float16}) {
    for (const Size& size : {Size{64, 64, 64}, Size{4, 8192, 2048}, Size{8, 8192, 2048},
                             Size{16, 8192, 2048}, Size{32, 8192, 2048}, Size{512, 8192, 2048},
                             Size{512, 2048, 8192}, Size{2048, 2048, 2048}, Size{1, 8192, 2048}}) {
      suite.measure(fmt::format("matmul/{}/{}x{}x{}", name_of(dtype), size.m, size.n, size.k), [&] {
        return size.m == 1 ? row_product(size.n, size.k, dtype)
                           : product(size.m, size.n, size.k, dtype);
      });
    }
  }
}

}  // namespace quern::bench
