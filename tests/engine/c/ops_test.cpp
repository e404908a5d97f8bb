#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "engine/quern.h"
#include "tests/engine/c/compare.h"

namespace quern::tests {
namespace {

const quern_stream s = {-1, {QUERN_CPU, 0}};

struct UnaryCase {
  const char* name;
  int (*c)(quern_array*, quern_array, quern_stream);
  array (*cpp)(const array&, StreamOrDevice);
};

const std::vector<UnaryCase> unary_cases = {
    {"abs", quern_abs, quern::abs},
    {"negative", quern_negative, quern::negative},
    {"positive", quern_positive, quern::positive},
    {"sign", quern_sign, quern::sign},
    {"square", quern_square, quern::square},
    {"floor", quern_floor, quern::floor},
    {"ceil", quern_ceil, quern::ceil},
    {"trunc", quern_trunc, quern::trunc},
    {"real", quern_real, quern::real},
    {"imag", quern_imag, quern::imag},
    {"conjugate", quern_conjugate, quern::conjugate},
    {"reciprocal", quern_reciprocal, quern::reciprocal},
    {"sqrt", quern_sqrt, quern::sqrt},
    {"rsqrt", quern_rsqrt, quern::rsqrt},
    {"exp", quern_exp, quern::exp},
    {"expm1", quern_expm1, quern::expm1},
    {"log", quern_log, quern::log},
    {"log2", quern_log2, quern::log2},
    {"log10", quern_log10, quern::log10},
    {"log1p", quern_log1p, quern::log1p},
    {"sin", quern_sin, quern::sin},
    {"cos", quern_cos, quern::cos},
    {"tan", quern_tan, quern::tan},
    {"arcsin", quern_arcsin, quern::arcsin},
    {"arccos", quern_arccos, quern::arccos},
    {"arctan", quern_arctan, quern::arctan},
    {"sinh", quern_sinh, quern::sinh},
    {"cosh", quern_cosh, quern::cosh},
    {"tanh", quern_tanh, quern::tanh},
    {"arcsinh", quern_arcsinh, quern::arcsinh},
    {"arccosh", quern_arccosh, quern::arccosh},
    {"arctanh", quern_arctanh, quern::arctanh},
    {"degrees", quern_degrees, quern::degrees},
    {"radians", quern_radians, quern::radians},
    {"sigmoid", quern_sigmoid, quern::sigmoid},
    {"erf", quern_erf, quern::erf},
    {"erfinv", quern_erfinv, quern::erfinv},
    {"bitwise_invert", quern_bitwise_invert, quern::bitwise_invert},
    {"logical_not", quern_logical_not, quern::logical_not},
    {"isnan", quern_isnan, quern::isnan},
    {"isinf", quern_isinf, quern::isinf},
    {"isfinite", quern_isfinite, quern::isfinite},
    {"isposinf", quern_isposinf, quern::isposinf},
    {"isneginf", quern_isneginf, quern::isneginf},
    {"zeros_like", quern_zeros_like, quern::zeros_like},
    {"ones_like", quern_ones_like, quern::ones_like},
    {"stop_gradient", quern_stop_gradient, quern::stop_gradient},
};

TEST(COps, UnaryOnesAreThoseOfTheirName) {
  const array x = array({0.3f, -0.7f, 0.9f});
  for (const UnaryCase& test : unary_cases) {
    const bool of_integers = std::strcmp(test.name, "bitwise_invert") == 0;
    const array input = of_integers ? array({1, 2, 3}, int32) : x;
    CArray out;
    ASSERT_EQ(test.c(&out, c_array(input), s), 0) << test.name << quern_last_error();
    expect_same(cpp(out), test.cpp(input, {}), test.name);
  }
}

struct BinaryCase {
  const char* name;
  int (*c)(quern_array*, quern_array, quern_array, quern_stream);
  array (*cpp)(const array&, const array&, StreamOrDevice);
};

const std::vector<BinaryCase> binary_cases = {
    {"add", quern_add, quern::add},
    {"subtract", quern_subtract, quern::subtract},
    {"multiply", quern_multiply, quern::multiply},
    {"divide", quern_divide, quern::divide},
    {"floor_divide", quern_floor_divide, quern::floor_divide},
    {"remainder", quern_remainder, quern::remainder},
    {"power", quern_power, quern::power},
    {"maximum", quern_maximum, quern::maximum},
    {"minimum", quern_minimum, quern::minimum},
    {"logaddexp", quern_logaddexp, quern::logaddexp},
    {"arctan2", quern_arctan2, quern::arctan2},
    {"bitwise_and", quern_bitwise_and, quern::bitwise_and},
    {"bitwise_or", quern_bitwise_or, quern::bitwise_or},
    {"bitwise_xor", quern_bitwise_xor, quern::bitwise_xor},
    {"left_shift", quern_left_shift, quern::left_shift},
    {"right_shift", quern_right_shift, quern::right_shift},
    {"equal", quern_equal, quern::equal},
    {"not_equal", quern_not_equal, quern::not_equal},
    {"greater", quern_greater, quern::greater},
    {"greater_equal", quern_greater_equal, quern::greater_equal},
    {"less", quern_less, quern::less},
    {"less_equal", quern_less_equal, quern::less_equal},
    {"logical_and", quern_logical_and, quern::logical_and},
    {"logical_or", quern_logical_or, quern::logical_or},
    {"logical_xor", quern_logical_xor, quern::logical_xor},
    {"matmul", quern_matmul, quern::matmul},
};

TEST(COps, BinaryOnesAreThoseOfTheirNameInThatOrder) {
  for (const BinaryCase& test : binary_cases) {
    const std::string name = test.name;
    const bool of_integers = name.starts_with("bitwise") || name.ends_with("shift");
    const Dtype dtype = of_integers ? int32 : float32;
    const array x = astype(array({5.0f, 2.0f, 3.0f}), dtype),
                y = astype(array({2.0f, 3.0f, 3.0f}), dtype);
    CArray out;
    ASSERT_EQ(test.c(&out, c_array(x), c_array(y), s), 0) << name << quern_last_error();
    expect_same(cpp(out), test.cpp(x, y, {}), test.name);
  }
}

struct ReductionCase {
  const char* name;
  int (*all)(quern_array*, quern_array, bool, quern_stream);
  int (*axes)(quern_array*, quern_array, const int*, size_t, bool, quern_stream);
  int (*axis)(quern_array*, quern_array, int, bool, quern_stream);
  array (*cpp)(const array&, const std::vector<int>&, bool, StreamOrDevice);
};

const std::vector<ReductionCase> reduction_cases = {
    {"all", quern_all, quern_all_axes, quern_all_axis, quern::all},
    {"any", quern_any, quern_any_axes, quern_any_axis, quern::any},
    {"sum", quern_sum, quern_sum_axes, quern_sum_axis, quern::sum},
    {"prod", quern_prod, quern_prod_axes, quern_prod_axis, quern::prod},
    {"max", quern_max, quern_max_axes, quern_max_axis, quern::max},
    {"min", quern_min, quern_min_axes, quern_min_axis, quern::min},
    {"mean", quern_mean, quern_mean_axes, quern_mean_axis, quern::mean},
    {"median", quern_median, quern_median_axes, quern_median_axis, quern::median},
    {"logsumexp", quern_logsumexp, quern_logsumexp_axes, quern_logsumexp_axis, quern::logsumexp},
    {"count_nonzero", quern_count_nonzero, quern_count_nonzero_axes, quern_count_nonzero_axis,
     quern::count_nonzero},
};

TEST(COps, ReductionsAreThoseOfTheirName) {
  const array x = reshape(array({3.0f, 0.0f, 2.0f, 5.0f, 1.0f, 4.0f, 7.0f, 6.0f}), {2, 2, 2});
  const int axes[] = {0, 2};
  for (const ReductionCase& test : reduction_cases) {
    CArray out;
    ASSERT_EQ(test.all(&out, c_array(x), true, s), 0) << test.name;
    expect_same(cpp(out), test.cpp(x, {0, 1, 2}, true, {}), test.name);
    ASSERT_EQ(test.axes(&out, c_array(x), axes, 2, false, s), 0) << test.name;
    expect_same(cpp(out), test.cpp(x, {0, 2}, false, {}), test.name);
    ASSERT_EQ(test.axis(&out, c_array(x), -1, false, s), 0) << test.name;
    expect_same(cpp(out), test.cpp(x, {2}, false, {}), test.name);
  }
}

TEST(COps, OthersReduceAndScanAndSort) {
  const array x = reshape(array({3.0f, 0.0f, 2.0f, 5.0f, 1.0f, 4.0f}), {2, 3});
  const CArray a = c_array(x);
  CArray out;
  const auto same = [&](int failed, const array& want, const char* name) {
    ASSERT_EQ(failed, 0) << name << quern_last_error();
    expect_same(cpp(out), want, name);
  };
  same(quern_var_axis(&out, a, 1, true, 1, s), var(x, 1, true, 1), "var");
  same(quern_std(&out, a, false, 1, s), std(x, false, 1), "std");
  same(quern_softmax_axis(&out, a, 0, true, s), softmax(x, 0, true), "softmax");
  same(quern_argmax_axis(&out, a, 1, false, s), argmax(x, 1), "argmax");
  same(quern_argmin(&out, a, false, s), argmin(x), "argmin");
  same(quern_cumsum_axis(&out, a, 1, true, false, {}, s), cumsum(x, 1, true, false), "cumsum");
  same(quern_cummax(&out, a, false, true, s), cummax(x), "cummax");
  same(quern_cumprod_axis(&out, a, 0, false, true, {true, QUERN_FLOAT64}, s),
       cumprod(x, 0, false, true, float64), "cumprod");
  same(quern_diff(&out, a, 1, -1, s), diff(x), "diff");
  same(quern_sort_axis(&out, a, 0, s), sort(x, 0), "sort");
  same(quern_argsort(&out, a, s), argsort(x), "argsort");
  same(quern_partition_axis(&out, a, 1, 1, s), partition(x, 1, 1), "partition");
  same(quern_topk_axis(&out, a, 2, 0, s), topk(x, 2, 0), "topk");
  same(quern_searchsorted(&out, c_array(array({1.0f, 2.0f})), a, "right", s),
       searchsorted(array({1.0f, 2.0f}), x, "right"), "searchsorted");
}

TEST(COps, ComparisonsSelectAndClip) {
  const array x = array({3.0f, -2.0f, 5.0f}), y = array({0.0f, 1.0f, 2.0f});
  const CArray a = c_array(x), b = c_array(y);
  CArray out;
  ASSERT_EQ(quern_clip(&out, a, quern_array{}, b, s), 0);
  expect_same(cpp(out), minimum(x, y), "clip");
  EXPECT_EQ(quern_clip(&out, a, quern_array{}, quern_array{}, s), 1);
  ASSERT_EQ(quern_where(&out, c_array(greater(x, y)), a, b, s), 0);
  expect_same(cpp(out), maximum(x, y), "where");
  ASSERT_EQ(quern_nan_to_num(&out, c_array(log(array({0.0f, 1.0f}))), 0, {}, {true, -9}, s), 0);
  expect_same(cpp(out), array({-9.0f, 0.0f}), "nan_to_num");
  ASSERT_EQ(quern_isclose(&out, a, b, 0, 3, false, s), 0);
  expect_same(cpp(out), isclose(x, y, 0, 3), "isclose");
}

TEST(COps, ShapesAndSlices) {
  const array x = reshape(arange(24), {2, 3, 4});
  const CArray a = c_array(x);
  CArray out;
  const auto same = [&](int failed, const array& want, const char* name) {
    ASSERT_EQ(failed, 0) << name << quern_last_error();
    expect_same(cpp(out), want, name);
  };
  const int flat[] = {6, -1}, axes[] = {2, 0, 1}, start[] = {0, 1, 0}, stop[] = {2, 3, 4},
            strides[] = {1, 1, 2}, lengths[] = {1, 3, 2}, outer[] = {0, 2}, halves[] = {2, 2},
            window[] = {2, 3}, cuts[] = {1, 3};
  same(quern_reshape(&out, a, flat, 2, s), reshape(x, {6, -1}), "reshape");
  same(quern_unflatten(&out, a, 2, halves, 2, s), unflatten(x, 2, {2, 2}), "unflatten");
  same(quern_flatten(&out, a, 0, 1, s), flatten(x, 0, 1), "flatten");
  same(quern_transpose_axes(&out, a, axes, 3, s), transpose(x, {2, 0, 1}), "transpose");
  same(quern_expand_dims_axes(&out, a, outer, 2, s), expand_dims(x, {0, 2}), "expand_dims");
  same(quern_slice(&out, a, start, stop, strides, 3, s), slice(x, {0, 1, 0}, {2, 3, 4}, {1, 1, 2}),
       "slice");
  same(quern_slice_update(&out, a, c_array(array(7)), start, stop, strides, 3, s),
       slice_update(x, array(7), {0, 1, 0}, {2, 3, 4}, {1, 1, 2}), "slice_update");
  same(quern_slice_dynamic(&out, a, c_array(array({1, 2}, int32)), outer, 2, lengths, 3, s),
       slice(x, array({1, 2}, int32), {0, 2}, {1, 3, 2}), "slice_dynamic");
  same(quern_concatenate(&out, c_arrays({x, x}), 1, s), concatenate({x, x}, 1), "concatenate");
  same(quern_take_axis(&out, a, c_array(array({2, 0}, int32)), 1, s),
       take(x, array({2, 0}, int32), 1), "take");
  const int64_t steps[] = {1, 8};
  same(quern_as_strided(&out, a, window, 2, steps, 3, s), as_strided(x, {2, 3}, {1, 8}, 3),
       "as_strided");
  CArrays parts;
  ASSERT_EQ(quern_split_at(&parts, a, cuts, 2, 2, s), 0);
  expect_same(element(parts, 1), split(x, Shape{1, 3}, 2)[1], "split");
}

TEST(COps, MakersAndProducts) {
  CArray out;
  const int shape[] = {2, 2};
  const auto same = [&](int failed, const array& want, const char* name) {
    ASSERT_EQ(failed, 0) << name << quern_last_error();
    expect_same(cpp(out), want, name);
  };
  same(quern_arange(&out, 0, 5, 2, QUERN_INT64, s), arange(0.0, 5.0, 2.0, int64), "arange");
  same(quern_linspace(&out, 0, 1, 4, false, QUERN_FLOAT32, s), linspace(0, 1, 4, false),
       "linspace");
  same(quern_full(&out, shape, 2, c_array(array(3)), QUERN_FLOAT16, s),
       full({2, 2}, array(3), float16), "full");
  same(quern_eye(&out, 3, 4, 1, QUERN_INT32, s), eye(3, 4, 1, int32), "eye");
  same(quern_tri(&out, 3, 4, 1, QUERN_INT32, s), tri(3, 4, 1, int32), "tri");
  same(quern_hanning(&out, 5, s), hanning(5), "hanning");
  const array m = reshape(arange(0.0, 4.0, float32), {2, 2});
  same(quern_addmm(&out, c_array(m), c_array(m), c_array(m), 2, 3, s), addmm(m, m, m, 2, 3),
       "addmm");
}

TEST(COps, QuantizedWeightsAndAttention) {
  const array w = reshape(arange(0.0, 128.0, float32), {2, 64}) / 100.0f;
  CArrays parts;
  ASSERT_EQ(quern_quantize(&parts, c_array(w), {true, 32}, {}, "affine", {}, s), 0)
      << quern_last_error();
  const auto want = quantize(w, 32);
  for (size_t i = 0; i < 3; ++i) expect_same(element(parts, i), want[i], "quantize");
  CArray out;
  ASSERT_EQ(quern_quantized_matmul(&out, c_array(w), c_array(want[0]), c_array(want[1]),
                                   c_array(want[2]), true, {true, 32}, {}, "affine", s),
            0);
  expect_same(cpp(out), quantized_matmul(w, want[0], want[1], want[2], true, 32),
              "quantized_matmul");
  ASSERT_EQ(quern_dequantize(&out, c_array(want[0]), c_array(want[1]), c_array(want[2]), {true, 32},
                             {}, "affine", {}, {true, QUERN_FLOAT16}, s),
            0);
  expect_same(cpp(out),
              dequantize(want[0], want[1], want[2], 32, {}, "affine", std::nullopt, float16),
              "dequantize");

  const array q = reshape(w, {1, 2, 8, 8});
  ASSERT_EQ(quern_fast_rms_norm(&out, c_array(q), {}, 1e-5f, s), 0);
  expect_same(cpp(out), fast::rms_norm(q, std::nullopt, 1e-5f), "rms_norm");
  ASSERT_EQ(quern_fast_rope(&out, c_array(q), 8, false, {true, 1e4f}, 1, 3, {}, s), 0);
  expect_same(cpp(out), fast::rope(q, 8, false, 1e4f, 1, 3), "rope");
  EXPECT_EQ(quern_fast_rope(&out, c_array(q), 8, false, {}, 1, 3, {}, s), 1);
  ASSERT_EQ(quern_fast_scaled_dot_product_attention(&out, c_array(q), c_array(q), c_array(q), 0.5f,
                                                    "causal", {}, {}, s),
            0);
  expect_same(cpp(out), fast::scaled_dot_product_attention(q, q, q, 0.5f, "causal"), "attention");
}

TEST(COps, RandomNumbersByKey) {
  const array key = random::key(5);
  const CArray k = c_array(key);
  const int shape[] = {3, 2};
  CArray out, first, second;
  const auto same = [&](int failed, const array& want, const char* name) {
    ASSERT_EQ(failed, 0) << name << quern_last_error();
    expect_same(cpp(out), want, name);
  };
  ASSERT_EQ(quern_random_split(&first, &second, k, s), 0);
  expect_same(cpp(second), random::split(key).second, "split");
  same(quern_random_bits(&out, shape, 2, 4, k, s), random::bits({3, 2}, 4, key), "bits");
  same(quern_random_uniform(&out, c_array(array(1.0f)), c_array(array(2.0f)), shape, 2,
                            QUERN_FLOAT32, k, s),
       random::uniform(array(1.0f), array(2.0f), {3, 2}, float32, key), "uniform");
  same(quern_random_normal(&out, shape, 2, QUERN_FLOAT16, 1, 2, k, s),
       random::normal({3, 2}, float16, 1, 2, key), "normal");
  same(quern_random_categorical_num_samples(&out, c_array(array({1.0f, 2.0f})), -1, 4, k, s),
       random::categorical(array({1.0f, 2.0f}), -1, 4, key), "categorical");
  same(quern_random_permutation_arange(&out, 9, k, s), random::permutation(9, key), "permutation");
  EXPECT_EQ(quern_random_gumbel(&out, shape, 2, QUERN_FLOAT32, {}, s), 0);
}

}  // namespace
}  // namespace quern::tests
