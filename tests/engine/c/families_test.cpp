#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/quern.h"
#include "tests/engine/c/compare.h"

namespace quern::tests {
namespace {

const quern_stream s = {-1, {QUERN_CPU, 0}};

/// Small floats that are all different.
array numbers(Shape shape) {
  const int n = int(element_count(shape));
  return reshape(sin(arange(0.0, double(n), float32)), std::move(shape));
}

void expect_result(int failed, const CArray& got, const array& want, const char* name) {
  ASSERT_EQ(failed, 0) << name << ": " << quern_last_error();
  expect_same(cpp(got), want, name);
}

TEST(CFamilies, FourierTransforms) {
  const array x = numbers({4, 6});
  const CArray a = c_array(x);
  const int n[] = {3, 8}, axes[] = {0, 1};
  CArray out;
  expect_result(quern_fft_fft(&out, a, 5, 1, QUERN_FFT_ORTHO, s), out,
                fft::fft(x, 5, 1, fft::FFTNorm::Ortho), "fft");
  expect_result(quern_fft_rfft2(&out, a, n, axes, 2, QUERN_FFT_BACKWARD, s), out,
                fft::rfft2(x, {3, 8}, {0, 1}), "rfft2");
  expect_result(quern_fft_ifftn(&out, a, n, axes, 2, QUERN_FFT_FORWARD, s), out,
                fft::ifftn(x, {3, 8}, {0, 1}, fft::FFTNorm::Forward), "ifftn");
  expect_result(quern_fft_fftfreq(&out, 5, 0.5, s), out, fft::fftfreq(5, 0.5), "fftfreq");
  expect_result(quern_fft_fftshift(&out, a, axes, 1, s), out, fft::fftshift(x, {0}), "fftshift");
  EXPECT_EQ(quern_fft_fft(&out, a, 5, 1, quern_fft_norm(9), s), 1);
  EXPECT_STREQ(quern_last_error(), "[fft] 9 is no norm");
}

TEST(CFamilies, Matrices) {
  const array x = numbers({3, 3}), y = numbers({3, 2});
  const array symmetric = matmul(x, transpose(x)) + eye(3);
  const CArray a = c_array(x), b = c_array(symmetric);
  CArray out, other;
  const int axes[] = {0, 1};
  expect_result(quern_linalg_norm(&out, a, nullptr, 0, false, s), out, linalg::norm(x), "norm");
  expect_result(quern_linalg_norm_ord(&out, a, 1, axes, 2, true, s), out,
                linalg::norm(x, 1.0, std::vector<int>{0, 1}, true), "norm 1");
  expect_result(quern_linalg_norm_named(&out, a, "fro", nullptr, 0, false, s), out,
                linalg::norm(x, "fro"), "norm fro");
  expect_result(quern_linalg_inv(&out, b, s), out, linalg::inv(symmetric), "inv");
  expect_result(quern_linalg_cholesky(&out, b, true, s), out, linalg::cholesky(symmetric, true),
                "cholesky");
  expect_result(quern_linalg_solve(&out, b, c_array(y), s), out, linalg::solve(symmetric, y),
                "solve");
  expect_result(quern_linalg_det(&out, a, s), out, linalg::det(x), "det");
  expect_result(quern_linalg_cross(&out, a, b, 0, s), out, linalg::cross(x, symmetric, 0), "cross");
  expect_result(quern_linalg_qr(&out, &other, a, s), other, linalg::qr(x).second, "qr");
  expect_result(quern_linalg_eigh(&out, &other, b, "U", s), out, linalg::eigh(symmetric, "U").first,
                "eigh");
  CArrays parts;
  ASSERT_EQ(quern_linalg_svd(&parts, a, false, s), 0) << quern_last_error();
  expect_same(element(parts, 0), linalg::svd(x, false)[0], "svd");
  ASSERT_EQ(quern_linalg_lu(&parts, a, s), 0);
  expect_same(element(parts, 2), linalg::lu(x)[2], "lu");
}

TEST(CFamilies, Convolutions) {
  const array x = numbers({1, 7, 8, 2}), w = numbers({3, 2, 3, 2});
  const int stride[] = {2, 1}, padding[] = {1, 0}, dilation[] = {1, 2}, extra[] = {0, 0};
  CArray out;
  expect_result(quern_conv2d(&out, c_array(x), c_array(w), stride, padding, dilation, 1, s), out,
                conv2d(x, w, {2, 1}, {1, 0}, {1, 2}), "conv2d");
  expect_result(
      quern_conv_transpose2d(&out, c_array(x), c_array(w), stride, padding, dilation, extra, 1, s),
      out, conv_transpose2d(x, w, {2, 1}, {1, 0}, {1, 2}), "conv_transpose2d");
  expect_result(quern_conv_general(&out, c_array(x), c_array(w), stride, 2, padding, 2, nullptr, 0,
                                   nullptr, 0, nullptr, 0, 1, true, s),
                out, conv_general(x, w, {2, 1}, {1, 0}, std::vector<int>{}, {}, {}, 1, true),
                "conv_general");
  EXPECT_EQ(quern_conv2d(&out, c_array(x), c_array(w), nullptr, padding, dilation, 1, s), 1);
}

TEST(CFamilies, Products) {
  const array x = numbers({2, 3}), y = numbers({3, 2});
  const CArray a = c_array(x), b = c_array(y);
  CArray out;
  const int one[] = {1}, zero[] = {0};
  expect_result(quern_tensordot(&out, a, b, 1, s), out, tensordot(x, y, 1), "tensordot");
  expect_result(quern_tensordot_axes(&out, a, b, one, 1, zero, 1, s), out,
                tensordot(x, y, {1}, {0}), "tensordot axes");
  expect_result(quern_kron(&out, a, b, s), out, kron(x, y), "kron");
  expect_result(quern_outer(&out, a, b, s), out, outer(x, y), "outer");
  expect_result(quern_vecdot(&out, a, a, 0, s), out, vecdot(x, x, 0), "vecdot");
  expect_result(quern_einsum(&out, "ij,jk->ki", c_arrays({x, y}), s), out,
                einsum("ij,jk->ki", {x, y}), "einsum");
  CString path;
  EXPECT_EQ(quern_einsum_path(&path, "ij,jk", c_arrays({x, y})), 0);
  expect_result(quern_hadamard_transform(&out, c_array(numbers({2, 4})), {}, s), out,
                hadamard_transform(numbers({2, 4})), "hadamard");
  const array batch = numbers({3, 2, 2}), chosen = array({2, 0}, uint32);
  expect_result(quern_gather_mm(&out, c_array(batch), c_array(batch), c_array(chosen),
                                c_array(array({1, 1}, uint32)), false, s),
                out, gather_mm(batch, batch, chosen, array({1, 1}, uint32)), "gather_mm");
  const array segments = reshape(array({0, 1, 1, 3}, uint32), {2, 2});
  expect_result(quern_segmented_mm(&out, a, b, c_array(segments), s), out,
                segmented_mm(x, y, segments), "segmented_mm");
}

TEST(CFamilies, UpdatesAndRearrangements) {
  const array x = numbers({3, 4}), u = numbers({2, 1, 4});
  const array index = array({2, 0}, int32);
  const CArray a = c_array(x);
  CArray out;
  const int axis0[] = {0}, both[] = {0, 1}, shift[] = {1, 2}, reps[] = {2, 1, 1}, low[] = {1, 0},
            high[] = {0, 2}, start[] = {0, 1}, stop[] = {3, 3}, steps[] = {1, 1};
  expect_result(quern_scatter_add(&out, a, c_arrays({index}), c_array(u), axis0, 1, s), out,
                scatter_add(x, {index}, u, {0}), "scatter_add");
  expect_result(quern_scatter_max(&out, a, c_arrays({index}), c_array(u), axis0, 1, s), out,
                scatter_max(x, {index}, u, {0}), "scatter_max");
  const array mask = greater(x, array(0.0f));
  expect_result(quern_masked_scatter(&out, a, c_array(mask), c_array(numbers({12})), s), out,
                masked_scatter(x, mask, numbers({12})), "masked_scatter");
  expect_result(quern_slice_update_prod(&out, a, c_array(array(2.0f)), start, stop, steps, 2, s),
                out, slice_update_prod(x, array(2.0f), {0, 1}, {3, 3}, {1, 1}),
                "slice_update_prod");
  expect_result(quern_roll_axes(&out, a, shift, 2, both, 2, s), out, roll(x, Shape{1, 2}, {0, 1}),
                "roll");
  expect_result(quern_tile(&out, a, reps, 3, s), out, tile(x, {2, 1, 1}), "tile");
  expect_result(quern_flip_axes(&out, a, both, 1, s), out, flip(x, 0), "flip");
  expect_result(quern_pad(&out, a, both, 2, low, high, c_array(array(9.0f)), "constant", s), out,
                pad(x, {0, 1}, Shape{1, 0}, Shape{0, 2}, array(9.0f)), "pad");
  expect_result(quern_diagonal(&out, a, 1, 0, 1, s), out, diagonal(x, 1, 0, 1), "diagonal");
  expect_result(quern_trace(&out, a, 0, 0, 1, s), out, trace(x), "trace");
  expect_result(quern_atleast_3d(&out, a, s), out, atleast_3d(x), "atleast_3d");
  CArrays parts;
  ASSERT_EQ(quern_meshgrid(&parts, c_arrays({x, x}), false, "none", s), 1);
  ASSERT_EQ(quern_unstack(&parts, a, 1, s), 0);
  expect_same(element(parts, 3), unstack(x, 1)[3], "unstack");
}

TEST(CFamilies, SmallFloats) {
  const array x = numbers({4});
  CArray bytes, back;
  expect_result(quern_to_fp8(&bytes, c_array(x), s), bytes, to_fp8(x), "to_fp8");
  expect_result(quern_from_fp8(&back, bytes, QUERN_FLOAT16, s), back, from_fp8(to_fp8(x), float16),
                "from_fp8");
}

}  // namespace
}  // namespace quern::tests
