#include "engine/ops/fft.h"

#include <gtest/gtest.h>

#include "engine/ops/cast.h"
#include "engine/ops/unary.h"
#include "tests/engine/transforms/check.h"
#include "tests/engine/transforms/float_check.h"

namespace quern::tests {
namespace {

array floats(const Shape& shape, uint64_t seed) { return astype(values(shape, seed), float32); }

array joined(const Arrays& in) { return add(in[0], multiply(in[1], array(complex64_t(0, 1)))); }

Arrays parts(const array& z) { return {real(z), imag(z)}; }

// Linear functions: wide steps are exact.
constexpr double step = 1, tolerance = 1e-4;

TEST(FftTransforms, Complex) {
  for (const auto norm : {fft::FFTNorm::Backward, fft::FFTNorm::Ortho, fft::FFTNorm::Forward}) {
    for (const int n : {5, 8, 11}) {
      for (const int axis : {0, 1}) {
        const auto forward = [=](const Arrays& in) {
          return parts(fft::fft(joined(in), n, axis, norm));
        };
        const auto backward = [=](const Arrays& in) {
          return parts(fft::ifft(joined(in), n, axis, norm));
        };
        const Arrays in{floats({8, 8}, 1), floats({8, 8}, 2)};
        expect_float_derivatives("fft", forward, in, step, tolerance);
        expect_float_derivatives("ifft", backward, in, step, tolerance);
        expect_vmap("fft", forward, in);
        expect_vmap("ifft", backward, in);
      }
    }
  }
}

TEST(FftTransforms, Real) {
  for (const auto norm : {fft::FFTNorm::Backward, fft::FFTNorm::Ortho, fft::FFTNorm::Forward}) {
    for (const int n : {1, 2, 7, 8, 12}) {
      for (const int axis : {0, 1}) {
        const auto forward = [=](const Arrays& in) {
          return parts(fft::rfft(in[0], n, axis, norm));
        };
        const auto backward = [=](const Arrays& in) {
          return Arrays{fft::irfft(joined(in), n, axis, norm)};
        };
        const Arrays in{floats({5, 8}, 1), floats({5, 8}, 2)};
        expect_float_derivatives("rfft", forward, {in[0]}, step, tolerance);
        expect_float_derivatives("irfft", backward, in, step, tolerance);
        expect_vmap("rfft", forward, {in[0]});
        expect_vmap("irfft", backward, in);
      }
    }
  }
}

TEST(FftTransforms, SecondOrder) {
  // |rfft(x)|^2 is quadratic; its gradient is linear.
  const ArrayFunction power = [](const Arrays& in) {
    return Arrays{square(abs(fft::rfft(in[0])))};
  };
  const array x = floats({9}, 3), c = floats({5}, 4);
  expect_float_derivatives("power", power, {x}, 1e-1, 1e-3);
  const ArrayFunction gradient = [&](const Arrays& in) { return vjp(power, in, {c}).second; };
  expect_float_derivatives("gradient of power", gradient, {x}, 1e-1, 1e-3);
}

TEST(FftTransforms, SeveralAxesAndShifts) {
  const auto both = [](const Arrays& in) { return parts(fft::fftshift(fft::rfft2(in[0]))); };
  const auto back = [](const Arrays& in) {
    return Arrays{fft::ifftshift(fft::irfftn(joined(in)), {1})};
  };
  expect_float_derivatives("rfft2", both, {floats({3, 6, 5}, 5)}, step, tolerance);
  expect_float_derivatives("irfftn", back, {floats({4, 5}, 6), floats({4, 5}, 7)}, step, tolerance);
  expect_vmap("rfft2", both, {floats({6, 5}, 8)});
  expect_vmap("irfftn", back, {floats({4, 5}, 9), floats({4, 5}, 10)});
}

}  // namespace
}  // namespace quern::tests
