// Products of float activations with weights of a few bits. One row reads the weights and their
// scales; many rows are bound by arithmetic: products of bytes when the activations are halves, for
// those say no more than 8 bits do, and of floats when they are float32.

#include <fmt/format.h>

#include "bench/kernels/random_arrays.h"
#include "bench/suite/sections.h"

namespace quern::bench {

namespace {

constexpr int outputs = 8192, inputs = 2048;

struct Format {
  const char* mode;
  int bits;
  int group_size;

  std::string name() const {
    return std::string(mode) == "affine" ? fmt::format("{}bit_g{}", bits, group_size) : mode;
  }
};

struct QuantizedWeight {
  array codes, scales;
  std::optional<array> biases;

  double nbytes() const {
    return double(codes.nbytes() + scales.nbytes() + (biases ? biases->nbytes() : 0));
  }
};

/// Any codes are valid; the scales make the weights about as large as trained ones.
QuantizedWeight random_weight(const Format& format, uint64_t seed) {
  array codes = random::bits({outputs, inputs * format.bits / 32}, 4, random::key(seed));
  const Shape groups{outputs, inputs / format.group_size};
  if (std::string(format.mode) != "affine") {
    QuantizedWeight weight{codes, full(groups, array(uint8_t(120))), std::nullopt};
    eval({weight.codes, weight.scales});
    return weight;
  }
  const float scale = 0.04f / float(1 << format.bits);
  QuantizedWeight weight{codes, full(groups, array(scale, bfloat16)),
                         full(groups, array(-0.02f, bfloat16))};
  eval({weight.codes, weight.scales, *weight.biases});
  return weight;
}

array product(const array& x, const QuantizedWeight& w, const Format& format) {
  return fast::quantized_matmul(x, w.codes, w.scales, w.biases, true, format.group_size,
                                format.bits, format.mode);
}

/// So many of them that each comes from memory.
std::vector<QuantizedWeight> weights_from_memory(const Format& format) {
  std::vector<QuantizedWeight> weights{random_weight(format, 1)};
  for (int i = more_than_caches(size_t(weights[0].nbytes())); i > 1; --i)
    weights.push_back(random_weight(format, uint64_t(i)));
  return weights;
}

Cost operations(Dtype dtype, double count) {
  return dtype == float32 ? Cost{.float32_operations = count} : Cost{.int8_operations = count};
}

Work one_row(const Format& format, Dtype dtype) {
  const array x = random_array({1, inputs}, dtype);
  const std::vector<QuantizedWeight> weights = weights_from_memory(format);
  const double bytes = weights[0].nbytes() * double(weights.size());
  return {.unit = gigabytes,
          .amount = bytes,
          .bound = Cost{.read = bytes},
          .run = timed([=] {
            for (const QuantizedWeight& w : weights) product(x, w, format).eval();
          })};
}

/// What several sequences' next tokens ask for: bound by the reading of the weights or by
/// arithmetic.
Work few_rows(const Format& format, Dtype dtype, int rows) {
  const array x = random_array({rows, inputs}, dtype);
  const std::vector<QuantizedWeight> weights = weights_from_memory(format);
  const double count = 2.0 * rows * outputs * inputs * double(weights.size());
  Cost cost = operations(dtype, count);
  cost.read = weights[0].nbytes() * double(weights.size());
  const auto multiply_all = [=] {
    for (const QuantizedWeight& w : weights) product(x, w, format).eval();
  };
  return {.unit = giga_operations, .amount = count, .bound = cost, .run = timed(multiply_all)};
}

Work many_rows(const Format& format, Dtype dtype, int rows) {
  const array x = random_array({rows, inputs}, dtype);
  const QuantizedWeight w = random_weight(format, 1);
  const double count = 2.0 * rows * outputs * inputs;
  return {.unit = giga_operations,
          .amount = count,
          .bound = operations(dtype, count),
          .run = timed([=] { product(x, w, format).eval(); })};
}

}  // namespace

void quantized_kernels(Suite& suite) {
  std::vector<Format> formats;
  for (const int bits : {4, 8, 2, 3, 5, 6})
    for (const int group_size : {64, 32, 128}) formats.push_back({"affine", bits, group_size});
  formats.push_back({"mxfp4", 4, 32});
  for (const Dtype dtype : {bfloat16, float32}) {
    for (const Format& format : formats) {
      if (dtype == float32 && format.group_size != 64 && !suite.full()) continue;
      const std::string name = name_of(dtype) + "/" + format.name();
      suite.measure("quantized/matvec/" + name, [&] { return one_row(format, dtype); });
      for (const int rows : {4, 8, 16, 32, 512}) {
        if (rows != 512 && format.group_size != 64 && !suite.full()) continue;
        suite.measure("quantized/matmul/" + name + fmt::format("/{}_rows", rows), [&] {
          return rows <= 32 ? few_rows(format, dtype, rows) : many_rows(format, dtype, rows);
        });
      }
    }
  }
}

}  // namespace quern::bench
