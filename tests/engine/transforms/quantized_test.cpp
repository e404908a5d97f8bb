#include "engine/ops/quantized.h"

#include <gtest/gtest.h>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/creation.h"
#include "engine/ops/fp8.h"
#include "engine/ops/indexing.h"
#include "engine/ops/matmul.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/transforms/transforms.h"
#include "tests/engine/ops/reference.h"
#include "tests/engine/transforms/agreement.h"

namespace quern::tests {
namespace {

constexpr int group_size = 32;

/// An affine weight whose scales and biases are the variables: small, so that products stay so.
class Weight {
 public:
  /// shape: [..., N, K]
  Weight(const Shape& shape, int bits)
      : packed(quantize(astype(values(shape, 31), float32), group_size, bits)[0]),
        shape_(shape),
        groups_(shape),
        bits_(bits) {
    groups_.back() /= group_size;
  }

  Arrays parameters() const { return {values(groups_, 32, -0.2, 0.2), values(groups_, 33)}; }

  /// What scales and biases say, in float64: linear in both.
  array dense(const array& scales, const array& biases) const {
    Shape in_groups = groups_;
    in_groups.push_back(group_size);
    const array integers = dequantize(packed, ones(groups_), zeros(groups_), group_size, bits_);
    const array q = reshape(astype(integers, float64), in_groups);
    return reshape(add(multiply(q, expand_dims(scales, -1)), expand_dims(biases, -1)), shape_);
  }

  const array packed;

 private:
  Shape shape_, groups_;
  int bits_;
};

array maybe_transposed(const array& w, bool transpose) {
  return transpose ? swapaxes(w, -1, -2) : w;
}

TEST(QuantizedTransforms, DequantizeAgreesWithFloat64) {
  for (const int bits : {3, 4, 8}) {
    const Weight w({2, 3, 64}, bits);
    const auto narrow = [&](const Arrays& in) {
      return Arrays{dequantize(w.packed, in[0], in[1], group_size, bits)};
    };
    const auto wide = [&](const Arrays& in) { return Arrays{w.dense(in[0], in[1])}; };
    expect_agreement("dequantize", narrow, wide, w.parameters());
  }
}

TEST(QuantizedTransforms, MatmulAgreesWithFloat64) {
  struct Case {
    Shape x, w;
    bool transpose;
  };
  const Case cases[] = {{{3, 64}, {5, 64}, true},          {{2, 3, 64}, {5, 64}, true},
                        {{3, 5}, {5, 64}, false},          {{3, 2, 64}, {2, 1, 4, 64}, true},
                        {{2, 1, 2, 4}, {3, 4, 64}, false}, {{20, 64}, {5, 64}, true}};
  for (const Case& c : cases) {
    const Weight w(c.w, 4);
    const auto narrow = [&](const Arrays& in) {
      return Arrays{quantized_matmul(in[0], w.packed, in[1], in[2], c.transpose, group_size, 4)};
    };
    const auto wide = [&](const Arrays& in) {
      return Arrays{matmul(in[0], maybe_transposed(w.dense(in[1], in[2]), c.transpose))};
    };
    const Arrays parameters = w.parameters();
    expect_agreement("quantized_matmul", narrow, wide,
                     {values(c.x, 1), parameters[0], parameters[1]});
  }
}

TEST(QuantizedTransforms, GatherAgreesWithFloat64) {
  for (const bool transpose : {true, false}) {
    const Weight w({2, 2, 6, 64}, 4);
    const array lhs({1, 0, 2, 1, 1}, int32), rhs({3, 0, 3, 1, 3}, int32);
    const auto narrow = [&](const Arrays& in) {
      return Arrays{gather_qmm(in[0], w.packed, in[1], in[2], lhs, rhs, transpose, group_size, 4)};
    };
    const auto wide = [&](const Arrays& in) {
      const array matrices = reshape(w.dense(in[1], in[2]), {4, 6, 64});
      return Arrays{
          matmul(take(in[0], lhs, 0), maybe_transposed(take(matrices, rhs, 0), transpose))};
    };
    const Arrays parameters = w.parameters();
    expect_agreement("gather_qmm", narrow, wide,
                     {values({3, 2, transpose ? 64 : 6}, 1), parameters[0], parameters[1]});
  }
}

/// Quantizing activations has the gradient of not doing so, and the weight's is exact.
TEST(QuantizedTransforms, QuantizedActivationsPassGradientsThrough) {
  const array w = astype(values({5, 64}, 1), float32), x = astype(values({3, 64}, 2), float32);
  const array cotangent = astype(values({3, 5}, 3), float32);
  for (const char* mode : {"mxfp4", "mxfp8", "nvfp4"}) {
    const Arrays q = quantize(w, std::nullopt, std::nullopt, mode);
    const array decoded = dequantize(q[0], q[1], std::nullopt, std::nullopt, std::nullopt, mode,
                                     std::nullopt, float32);
    const auto packed = [&](const Arrays& in) {
      return Arrays{qqmm(in[0], q[0], q[1], std::nullopt, std::nullopt, mode)};
    };
    const std::vector<double> want = doubles(matmul(cotangent, decoded));
    expect_close(vjp(packed, {x}, {cotangent}).second[0], want, 0, 1e-5);
    const auto floats = [&](const Arrays& in) {
      return Arrays{qqmm(in[0], in[1], std::nullopt, std::nullopt, std::nullopt, mode)};
    };
    const Arrays gradients = vjp(floats, {x, w}, {cotangent}).second;
    expect_close(gradients[0], want, 0, 1e-5);
    // 6 is a code of all modes, so that this weight is exact.
    const array six = array(6.0f), sixfold = multiply(eye(64), six);
    const array rounded_x =
        divide(qqmm(x, sixfold, std::nullopt, std::nullopt, std::nullopt, mode), six);
    expect_close(gradients[1], doubles(matmul(transpose(cotangent), rounded_x)), 0, 1e-5);
  }
}

TEST(QuantizedTransforms, TheGlobalScaleHasAGradient) {
  const array w = astype(values({3, 64}, 1), float32), scale = array(1.5f);
  const Arrays q = quantize(w, std::nullopt, std::nullopt, "nvfp4", scale);
  const auto fun = [&](const Arrays& in) {
    return Arrays{
        dequantize(q[0], q[1], std::nullopt, std::nullopt, std::nullopt, "nvfp4", in[0], float32)};
  };
  const array decoded = fun({scale})[0];
  const Arrays gradient = vjp(fun, {scale}, {decoded}).second;
  EXPECT_NEAR(gradient[0].item<float>() * 1.5f, sum(square(decoded)).item<float>(), 1e-4);
  const Arrays tangent = jvp(fun, {scale}, {scale}).second;
  expect_close(tangent[0], doubles(decoded), 1e-6, 0);
}

TEST(QuantizedTransforms, Batches) {
  const Weight w({4, 64}, 4);
  const Arrays parameters = w.parameters();
  const array scales = astype(parameters[0], float32), biases = astype(parameters[1], float32);
  const array x = astype(values({3, 64}, 1), float32),
              y = astype(values({2, 1, 3, 64}, 1), float32);
  expect_vmap("quantize",
              [](const Arrays& in) {
                const Arrays q = quantize(in[0]);
                return Arrays{q[0], q[1], dequantize(q[0], q[1], q[2])};
              },
              {x});
  expect_vmap(
      "dequantize",
      [](const Arrays& in) { return Arrays{dequantize(in[0], in[1], in[2], group_size, 4)}; },
      {w.packed, scales, biases});
  const auto product = [](const Arrays& in) {
    return Arrays{quantized_matmul(in[0], in[1], in[2], in[3], true, group_size, 4)};
  };
  expect_vmap("quantized_matmul", product, {x, w.packed, scales, biases}, 1e-4);
  expect_vmap("quantized_matmul of a batch", product, {y, w.packed, scales, biases}, 1e-4);
  const Weight experts({3, 4, 64}, 4);
  const Arrays e = experts.parameters();
  expect_vmap(
      "gather_qmm",
      [](const Arrays& in) {
        return Arrays{gather_qmm(in[0], in[1], in[2], in[3], in[4], in[5], true, group_size, 4,
                                 "affine", true)};
      },
      {astype(values({2, 3, 64}, 1), float32), experts.packed, astype(e[0], float32),
       astype(e[1], float32), array({1, 0, 1, 1}, int32), array({0, 0, 1, 2}, int32)},
      1e-4);
  for (const char* mode : {"mxfp4", "mxfp8", "nvfp4"}) {
    const Arrays q =
        quantize(astype(values({5, 64}, 3), float32), std::nullopt, std::nullopt, mode);
    expect_vmap(
        mode,
        [&](const Arrays& in) {
          return Arrays{quantized_matmul(in[0], in[1], in[2], std::nullopt, true, std::nullopt,
                                         std::nullopt, mode),
                        qqmm(in[0], in[1], in[2], std::nullopt, std::nullopt, mode)};
        },
        {x, q[0], q[1]}, 1e-4);
  }
  expect_vmap("nvfp4 with a global scale",
              [&](const Arrays& in) {
                const Arrays q = quantize(in[0], std::nullopt, std::nullopt, "nvfp4", in[1]);
                return Arrays{q[0], q[1],
                              dequantize(q[0], q[1], std::nullopt, std::nullopt, std::nullopt,
                                         "nvfp4", in[1], float32)};
              },
              {x, array(2.0f)});
  expect_vmap("fp8", [](const Arrays& in) { return Arrays{from_fp8(to_fp8(in[0]), float32)}; },
              {x});
}

TEST(QuantizedTransforms, PackedWeightsHaveNoDerivative) {
  const array x = astype(values({3, 64}, 1), float32), w = astype(values({5, 64}, 2), float32);
  const auto quantized = [](const Arrays& in) { return Arrays{quantize(in[0])[1]}; };
  EXPECT_THROW(vjp(quantized, {w}, {ones({5, 1})}), std::invalid_argument);
  const Arrays q = quantize(w), small = quantize(w, std::nullopt, std::nullopt, "mxfp4");
  const auto of_weight = [&](const Arrays& in) {
    return Arrays{quantized_matmul(x, in[0], q[1], q[2])};
  };
  EXPECT_THROW(vjp(of_weight, {q[0]}, {ones({3, 5})}), std::invalid_argument);
  const auto of_scales = [&](const Arrays& in) {
    return Arrays{quantized_matmul(x, small[0], in[0], std::nullopt, true, std::nullopt,
                                   std::nullopt, "mxfp4")};
  };
  try {
    vjp(of_scales, {small[1]}, {ones({3, 5})});
    FAIL() << "the scales are bytes";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(
        e.what(),
        "[quantized_matmul] the scales of mode \"mxfp4\" are bytes and have no derivative");
  }
}

}  // namespace
}  // namespace quern::tests
