// Sorting and selecting, beside the standard library's on one thread.

#include <algorithm>
#include <vector>

#include "bench/kernels/random_arrays.h"
#include "bench/peers/numpy.h"
#include "bench/suite/sections.h"

namespace quern::bench {

namespace {

/// How the standard library orders one row of numbers.
using OrderRow = void (*)(std::vector<float>& row);

Work ordering(Suite& suite, const Shape& shape, array (*operation)(const array& x),
              OrderRow by_hand, const char* in_numpy) {
  const array x = random_array(shape);
  const auto rival = timed([=] {
    const auto row = size_t(shape.back());
    for (size_t i = 0; i < x.size(); i += row) {
      std::vector<float> copy(x.data<float>() + i, x.data<float>() + i + row);
      by_hand(copy);
    }
  });
  return {.unit = milliseconds,
          .amount = 1,
          .bound = Rival{"std, one thread", rival},
          .run = timed([=] { operation(x).eval(); }),
          .rounds = 2,
          .peer = numpy_peer(suite, shape, 1, in_numpy)};
}

}  // namespace

void orderings(Suite& suite) {
  const OrderRow sorted = [](std::vector<float>& row) { std::sort(row.begin(), row.end()); };
  const OrderRow order = [](std::vector<float>& row) {
    std::vector<int> indices(row.size());
    for (size_t i = 0; i < indices.size(); ++i) indices[i] = int(i);
    std::sort(indices.begin(), indices.end(),
              [&](int a, int b) { return row[size_t(a)] < row[size_t(b)]; });
  };
  const OrderRow best_40 = [](std::vector<float>& row) {
    std::nth_element(row.begin(), row.end() - 40, row.end());
  };
  suite.measure("order/sort/one_row_of_4M", [&] {
    return ordering(
        suite, {1, 1 << 22}, [](const array& x) { return sort(x, -1); }, sorted, "np.sort(x, -1)");
  });
  suite.measure("order/sort/4096_rows_of_1024", [&] {
    return ordering(
        suite, {4096, 1024}, [](const array& x) { return sort(x, -1); }, sorted, "np.sort(x, -1)");
  });
  suite.measure("order/sort/16384_rows_of_64", [&] {
    return ordering(
        suite, {16384, 64}, [](const array& x) { return sort(x, -1); }, sorted, "np.sort(x, -1)");
  });
  suite.measure("order/argsort/16384_rows_of_64", [&] {
    return ordering(
        suite, {16384, 64}, [](const array& x) { return argsort(x, -1); }, order,
        "np.argsort(x, -1)");
  });
  suite.measure("order/argsort/vocabulary", [&] {
    return ordering(
        suite, {1, 128256}, [](const array& x) { return argsort(x, -1); }, order,
        "np.argsort(x, -1)");
  });
  suite.measure("order/topk/40_of_vocabulary", [&] {
    return ordering(
        suite, {1, 128256}, [](const array& x) { return topk(x, 40, -1); }, best_40,
        "np.partition(x, x.shape[-1] - 40, -1)[:, -40:]");
  });
  suite.measure("order/partition/40_of_vocabulary", [&] {
    return ordering(
        suite, {1, 128256}, [](const array& x) { return partition(x, 128256 - 40, -1); }, best_40,
        "np.partition(x, x.shape[-1] - 40, -1)");
  });
}

}  // namespace quern::bench
