// One operation on each element, over what no cache holds.

#include "bench/kernels/random_arrays.h"
#include "bench/kernels/whole_array.h"
#include "bench/suite/sections.h"

namespace quern::bench {

namespace {

struct Operation {
  const char* name;
  int inputs;
  array (*apply)(const Arrays& in);
};

constexpr Operation operations[] = {
    {"add", 2, [](const Arrays& in) { return add(in[0], in[1]); }},
    {"multiply_by_scalar", 1, [](const Arrays& in) { return in[0] * array(1.5f, in[0].dtype()); }},
    {"greater", 2, [](const Arrays& in) { return greater(in[0], in[1]); }},
    {"sqrt", 1, [](const Arrays& in) { return sqrt(in[0]); }},
    {"exp", 1, [](const Arrays& in) { return exp(in[0]); }},
    {"tanh", 1, [](const Arrays& in) { return tanh(in[0]); }},
    {"sigmoid", 1, [](const Arrays& in) { return sigmoid(in[0]); }},
};

}  // namespace

void elementwise_kernels(Suite& suite) {
  for (const Dtype dtype : {float32, bfloat16, float16}) {
    if (dtype == float16 && !suite.full()) continue;
    for (const Operation& operation : operations) {
      suite.measure(std::string("elementwise/") + operation.name + "/" + name_of(dtype), [&] {
        Arrays inputs;
        for (int i = 0; i < operation.inputs; ++i)
          inputs.push_back(random_array({20'000'000}, dtype, uint64_t(i)));
        return passing_over(inputs, operation.apply);
      });
    }
    suite.measure("elementwise/where/" + name_of(dtype), [&] {
      const array x = random_array({20'000'000}, dtype), y = random_array({20'000'000}, dtype, 1);
      array condition = greater(x, y);
      condition.eval();
      return passing_over({condition, x, y},
                          [](const Arrays& in) { return where(in[0], in[1], in[2]); });
    });
  }
  suite.measure("elementwise/cast/float32_to_bfloat16", [] {
    return passing_over({random_array({20'000'000})},
                        [](const Arrays& in) { return astype(in[0], bfloat16); });
  });
}

}  // namespace quern::bench
