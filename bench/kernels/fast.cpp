// The steps of a transformer that have kernels of their own, over what no cache holds.

#include <fmt/format.h>

#include "bench/kernels/random_arrays.h"
#include "bench/kernels/whole_array.h"
#include "bench/suite/sections.h"

namespace quern::bench {

void fast_kernels(Suite& suite) {
  for (const Dtype dtype : {float32, bfloat16}) {
    const auto add = [&](const char* name, const Shape& shape,
                         std::function<array(const array&)> operation) {
      suite.measure(fmt::format("fast/{}/{}", name, name_of(dtype)), [&] {
        return passing_over({random_array(shape, dtype)},
                            [operation](const Arrays& in) { return operation(in[0]); });
      });
    };
    const array weight = ones({4096}, dtype), bias = zeros({4096}, dtype);
    add("rms_norm", {4096, 4096}, [=](const array& x) { return fast::rms_norm(x, weight, 1e-5f); });
    add("layer_norm", {4096, 4096},
        [=](const array& x) { return fast::layer_norm(x, weight, bias, 1e-5f); });
    add("rope", {1, 32, 4096, 128},
        [](const array& x) { return fast::rope(x, 128, false, 10000.0f, 1.0f, 0); });
    add("softmax", {128, 128256}, [](const array& x) { return softmax(x, -1); });
    add("logsumexp", {128, 128256}, [](const array& x) { return logsumexp(x, -1); });
    const array targets = zeros({128}, int32);
    add("cross_entropy", {128, 128256},
        [=](const array& x) { return fast::cross_entropy(x, targets); });
  }
}

}  // namespace quern::bench
