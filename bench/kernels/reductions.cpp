// Reductions and scans, over what no cache holds.

#include "bench/kernels/random_arrays.h"
#include "bench/kernels/whole_array.h"
#include "bench/peers/numpy.h"
#include "bench/suite/sections.h"

namespace quern::bench {

namespace {

struct Operation {
  const char* name;
  array (*apply)(const array& x);
  const char* in_numpy;
};

constexpr Operation operations[] = {
    {"reduce/sum", [](const array& x) { return sum(x); }, "x.sum()"},
    {"reduce/sum_of_rows", [](const array& x) { return sum(x, -1); }, "x.sum(-1)"},
    {"reduce/sum_of_columns", [](const array& x) { return sum(x, 0); }, "x.sum(0)"},
    {"reduce/max", [](const array& x) { return max(x); }, "x.max()"},
    {"reduce/max_of_columns", [](const array& x) { return max(x, 0); }, "x.max(0)"},
    {"reduce/variance_of_rows", [](const array& x) { return var(x, -1); }, "x.var(-1)"},
    {"reduce/argmax_of_rows", [](const array& x) { return argmax(x, -1); }, "x.argmax(-1)"},
    {"scan/cumsum_of_rows", [](const array& x) { return cumsum(x, -1); }, "x.cumsum(-1)"},
    {"scan/cumsum_of_columns", [](const array& x) { return cumsum(x, 0); }, "x.cumsum(0)"},
    {"scan/cumsum", [](const array& x) { return cumsum(flatten(x)); }, "x.cumsum()"},
};

}  // namespace

void reductions(Suite& suite) {
  for (const Dtype dtype : {float32, bfloat16}) {
    for (const Operation& operation : operations) {
      suite.measure(std::string(operation.name) + "/" + name_of(dtype), [&] {
        const Shape shape{8192, 4096};
        Work work = passing_over({random_array(shape, dtype)},
                                 [&](const Arrays& in) { return operation.apply(in[0]); });
        if (dtype == float32) work.peer = numpy_peer(suite, shape, work.amount, operation.in_numpy);
        return work;
      });
    }
  }
}

}  // namespace quern::bench
