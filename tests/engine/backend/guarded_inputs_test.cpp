#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "engine/graph/eval.h"
#include "engine/ops/fast.h"
#include "engine/ops/indexing.h"
#include "engine/ops/quantized.h"
#include "engine/ops/reduce.h"
#include "engine/ops/scan.h"
#include "engine/ops/shape.h"
#include "engine/ops/sort.h"
#include "engine/ops/unary.h"
#include "tests/engine/ops/reference.h"

// Weights are read where a file is mapped: what lies before and behind them may be nobody's. Here
// it is memory that must not be touched.

namespace quern {
namespace {

using tests::random_array;

class GuardedInputs : public testing::TestWithParam<bool> {
 protected:
  /// The same numbers, which end (or begin) where a page without any rights does.
  array guarded(const array& a) const {
    const array dense = contiguous(a);
    eval({dense});
    const auto page = size_t(sysconf(_SC_PAGE_SIZE));
    const size_t size = (dense.nbytes() + page - 1) / page * page + 2 * page;
    void* const memory =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char* const first = static_cast<char*>(memory);
    mprotect(first, page, PROT_NONE);
    mprotect(first + size - page, page, PROT_NONE);
    char* const data = GetParam() ? first + size - page - dense.nbytes() : first + page;
    std::memcpy(data, dense.data<char>(), dense.nbytes());
    return array(static_cast<void*>(data), dense.shape(), dense.dtype(),
                 [memory, size](void*) { munmap(memory, size); });
  }
};

const Dtype float_dtypes[] = {float32, float16, bfloat16};

TEST_P(GuardedInputs, ProductsWithQuantizedWeights) {
  for (const Dtype dtype : float_dtypes) {
    for (const int bits : {2, 3, 4, 5, 6, 8}) {
      for (const int columns : {32, 224, 320}) {
        for (const int rows : {1, 17, 130}) {
          const auto q = quantize(random_array({rows, columns}, dtype), 32, bits);
          const array w = guarded(q[0]), scales = guarded(q[1]), biases = guarded(q[2]);
          for (const int m : {1, 3, 16, 66}) {
            const array x = guarded(random_array({m, columns}, dtype, 2));
            eval({fast::quantized_matmul(x, w, scales, biases, true, 32, bits),
                  quantized_matmul(x, w, scales, biases, true, 32, bits)});
          }
        }
      }
    }
  }
}

TEST_P(GuardedInputs, Attention) {
  for (const Dtype dtype : float_dtypes) {
    for (const int width : {7, 34, 64, 80}) {
      for (const int heads : {1, 7, 9, 16}) {
        for (const int keys : {1, 17, 129, 300}) {
          const array q = guarded(random_array({1, heads, 1, width}, dtype)),
                      k = guarded(random_array({1, 1, keys, width}, dtype, 2)),
                      v = guarded(random_array({1, 1, keys, width}, dtype, 3));
          eval({fast::scaled_dot_product_attention(q, k, v, 0.1f),
                fast::attention_of_sequences(q, {k}, {v}, 0.1f)});
        }
      }
    }
  }
}

TEST_P(GuardedInputs, RowsAndColumns) {
  for (const Dtype dtype : float_dtypes) {
    for (const int rows : {1, 3, 33, 70}) {
      for (const int columns : {1, 7, 33, 1000}) {
        const array x = guarded(random_array({rows, columns}, dtype));
        eval({var(x, -1), var(x, 0), sum(x, 0), max(x, 0), argmax(x, -1), cumsum(x, -1),
              cumsum(x, 0), softmax(x, -1), logsumexp(x, -1), sort(x, -1), argsort(x, -1),
              sort(x, 0), exp(x), tanh(x), contiguous(transpose(x)),
              contiguous(slice(x, {0, 0}, {rows, columns}, {1, 2})),
              contiguous(slice(x, {0, columns - 1}, {rows, -columns - 1}, {1, -1})),
              fast::rms_norm(x, std::nullopt, 1e-5f)});
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Pages, GuardedInputs, testing::Bool(), [](const auto& info) {
  return std::string(info.param ? "Behind" : "Before");
});

}  // namespace
}  // namespace quern
