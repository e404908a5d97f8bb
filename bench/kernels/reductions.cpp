// Reductions and scans, over what no cache holds.

#include "bench/kernels/random_arrays.h"
#include "bench/kernels/whole_array.h"
#include "bench/suite/sections.h"

namespace quern::bench {

namespace {

struct Operation {
  const char* name;
  array (*apply)(const array& x);
};

constexpr Operation operations[] = {
    {"reduce/sum", [](const array& x) { return sum(x); }},
    {"reduce/sum_of_rows", [](const array& x) { return sum(x, -1); }},
    {"reduce/sum_of_columns", [](const array& x) { return sum(x, 0); }},
    {"reduce/max", [](const array& x) { return max(x); }},
    {"reduce/max_of_columns", [](const array& x) { return max(x, 0); }},
    {"reduce/variance_of_rows", [](const array& x) { return var(x, -1); }},
    {"reduce/argmax_of_rows", [](const array& x) { return argmax(x, -1); }},
    {"scan/cumsum_of_rows", [](const array& x) { return cumsum(x, -1); }},
    {"scan/cumsum_of_columns", [](const array& x) { return cumsum(x, 0); }},
    {"scan/cumsum", [](const array& x) { return cumsum(flatten(x)); }},
};

}  // namespace

void reductions(Suite& suite) {
  for (const Dtype dtype : {float32, bfloat16}) {
    for (const Operation& operation : operations) {
      suite.measure(std::string(operation.name) + "/" + name_of(dtype), [&] {
        return passing_over({random_array({8192, 4096}, dtype)},
                            [&](const Arrays& in) { return operation.apply(in[0]); });
      });
    }
  }
}

}  // namespace quern::bench
