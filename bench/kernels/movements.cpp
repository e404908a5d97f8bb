// What moves elements without computing with them: copies, transposes, joins, gathers.

#include "bench/kernels/random_arrays.h"
#include "bench/kernels/whole_array.h"
#include "bench/peers/numpy.h"
#include "bench/suite/sections.h"

namespace quern::bench {

namespace {

/// Bytes of the result are moved twice: once in, once out.
Work moving(const Arrays& inputs, std::function<array(const Arrays&)> operation) {
  const double bytes = 2.0 * double(operation(inputs).nbytes());
  return {.unit = gigabytes,
          .amount = bytes,
          .bound = Cost{.copied = bytes},
          .run = timed([=] { operation(inputs).eval(); })};
}

}  // namespace

void movements(Suite& suite) {
  for (const Dtype dtype : {float32, bfloat16}) {
    const auto add = [&](const std::string& name, std::function<array(const array&)> operation) {
      suite.measure("move/" + name + "/" + name_of(dtype), [&] {
        return moving({random_array({8192, 4096}, dtype)},
                      [operation](const Arrays& in) { return operation(in[0]); });
      });
    };
    add("transpose", [](const array& x) { return contiguous(transpose(x)); });
    add("swap_heads", [](const array& x) {
      return contiguous(transpose(reshape(x, {8192, 32, 128}), {1, 0, 2}));
    });
    add("slice_columns", [](const array& x) {
      return contiguous(slice(x, {0, 1024}, {8192, 3072}));
    });
    add("every_second", [](const array& x) {
      return contiguous(slice(x, {0, 0}, {8192, 4096}, {1, 2}));
    });
    add("concatenate", [](const array& x) { return concatenate({x, x}, -1); });
    // As an embedding reads its rows.
    const array rows = random::randint(0, 8192, {8192}, int32, random::key(3));
    suite.measure("move/take_rows/" + name_of(dtype), [&] {
      Work work = moving({random_array({8192, 4096}, dtype)},
                         [rows](const Arrays& in) { return take(in[0], rows, 0); });
      if (dtype == float32)
        work.peer = numpy_peer(suite, {8192, 4096}, work.amount, "np.take(x, rows, 0)",
                               "rows = rng.integers(0, 8192, 8192)");
      return work;
    });
    suite.measure("move/take_along_rows/" + name_of(dtype), [&] {
      array order = random::randint(0, 4096, {8192, 4096}, int32, random::key(4));
      order.eval();
      Work work = passing_over({random_array({8192, 4096}, dtype), order},
                               [](const Arrays& in) { return take_along_axis(in[0], in[1], -1); });
      if (dtype == float32)
        work.peer = numpy_peer(suite, {8192, 4096}, work.amount, "np.take_along_axis(x, order, -1)",
                               "order = rng.integers(0, 4096, x.shape)");
      return work;
    });
  }
}

}  // namespace quern::bench
