#include "engine/ops/fft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>

#include "engine/ops/arithmetic.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "tests/engine/ops/reference.h"

namespace quern::tests {
namespace {

using Complex = std::complex<double>;

std::vector<Complex> complexes(array a) {
  a = contiguous(a);
  a.eval();
  const complex64_t* data = a.data<complex64_t>();
  return std::vector<Complex>(data, data + a.size());
}

array random_complex(const Shape& shape, uint64_t seed = 1) {
  Shape parts = shape;
  parts.push_back(2);
  return squeeze(view(random_array(parts, float32, seed), complex64), -1);
}

/// Element k of the transform of n elements, in float64; elements behind the end are 0.
Complex transformed(const Complex* x, size_t length, size_t n, size_t k, double sign) {
  Complex sum = 0;
  for (size_t j = 0; j < std::min(n, length); ++j)
    sum += x[j] * std::polar(1.0, sign * 2 * std::numbers::pi * double(j * k % n) / double(n));
  return sum;
}

/// A few places of a sequence, the first and last ones among them: all of short ones.
std::vector<size_t> places(size_t n) {
  std::vector<size_t> all;
  const size_t step = std::max<size_t>(1, n / 40);
  for (size_t k = 0; k < n; k += step) all.push_back(k);
  for (const size_t k : {n / 2, n - 1}) all.push_back(k);
  return all;
}

/// Errors grow with the root of the logarithm of the length; they are relative to the root of the
/// sum of squares, which all elements have on average.
double error_allowed(size_t n) { return 4e-7 * std::sqrt(double(n)) * std::sqrt(2 + std::log2(n)); }

/// Rows of the last axis.
void expect_transform(const array& x, int n, bool inverse) {
  SCOPED_TRACE(testing::Message() << x.shape() << " to " << n << (inverse ? " inverse" : ""));
  const array y = inverse ? fft::ifft(x, n, -1, fft::FFTNorm::Forward) : fft::fft(x, n, -1);
  const std::vector<Complex> in = complexes(x), out = complexes(y);
  const auto length = size_t(x.shape(-1)), rows = x.size() / length, size = size_t(n);
  for (size_t row = 0; row < rows; row += std::max<size_t>(1, rows / 3)) {
    for (const size_t k : places(size)) {
      const Complex want = transformed(&in[row * length], length, size, k, inverse ? 1 : -1);
      ASSERT_LE(std::abs(out[row * size + k] - want), error_allowed(size)) << row << " " << k;
    }
  }
}

TEST(Fft, ShortLengthsAgainstTheDefinition) {
  for (int n = 1; n <= 70; ++n) {
    expect_transform(random_complex({2, n}), n, n % 2);
    expect_transform(random_complex({19, n}, 2), n, n % 2 == 0);
  }
}

// Powers, products of small primes, primes below and above what butterflies exist for, lengths that
// are split, and long ones that are convolved.
TEST(Fft, LongerLengthsAgainstTheDefinition) {
  for (const int n : {97,   121,  128,  210,  243,  256,   361,   512,   1000,  1009,
                      1024, 2310, 4096, 5041, 8192, 10007, 20014, 30030, 65536, 99991})
    expect_transform(random_complex({1, n}), n, false);
  for (const int n : {127, 128, 343, 1009, 4096, 6000, 10007})
    expect_transform(random_complex({33, n}, 3), n, true);
}

TEST(Fft, PadsAndCutsOff) {
  for (const int n : {3, 8, 13, 40, 300, 1200}) {
    for (const int rows : {1, 17}) {
      expect_transform(random_complex({rows, 13}), n, false);
      expect_transform(random_complex({rows, 600}), n, true);
    }
  }
}

TEST(Fft, RealTransformsAgainstTheDefinition) {
  for (const int rows : {1, 3, 35}) {
    for (const int n : {1, 2, 3, 4, 7, 16, 30, 74, 127, 254, 256, 1000, 1001, 4096, 20014}) {
      SCOPED_TRACE(testing::Message() << rows << " of " << n);
      const array x = random_array({rows, n});
      const std::vector<double> in = doubles(x);
      const std::vector<Complex> wide(in.begin(), in.end()), out = complexes(fft::rfft(x));
      const size_t size = size_t(n), half = size / 2 + 1, last = size_t(rows - 1);
      ASSERT_EQ(out.size(), size_t(rows) * half);
      for (const size_t k : places(half)) {
        const Complex want = transformed(&wide[last * size], size, size, k, -1);
        ASSERT_LE(std::abs(out[last * half + k] - want), error_allowed(size)) << k;
      }
      expect_close(fft::irfft(fft::rfft(x), n, -1), in, 0, 2e-6);
    }
  }
}

TEST(Fft, RealTransformsPadAndCutOff) {
  for (const int n : {5, 6, 9, 22, 700}) {
    const array x = random_array({3, 9});
    const array padded = n > 9
                             ? concatenate({x, multiply(array(0.0f), random_array({3, n - 9}))}, 1)
                             : slice(x, {0, 0}, {3, n});
    expect_close(abs(subtract(fft::rfft(x, n, -1), fft::rfft(padded))),
                 std::vector<double>(size_t(3 * (n / 2 + 1))), 0, 1e-6);
  }
}

TEST(Fft, IrfftIgnoresWhatMustBeReal) {
  for (const int n : {6, 7, 512, 8192}) {
    const array x = random_complex({1, n / 2 + 1});
    array cleaned = contiguous(x);
    cleaned.eval();
    std::vector<complex64_t> elements(cleaned.data<complex64_t>(),
                                      cleaned.data<complex64_t>() + cleaned.size());
    elements.front() = elements.front().real();
    if (n % 2 == 0) elements.back() = elements.back().real();
    const array clean(elements.begin(), x.shape());
    expect_close(fft::irfft(x, n, -1), doubles(fft::irfft(clean, n, -1)), 0, 1e-6);
  }
}

// Columns have other ways into the lanes than rows.
TEST(Fft, AllAxesAgree) {
  for (const int n : {6, 16, 37, 67, 300}) {
    for (const int others : {1, 3, 16, 40}) {
      const array x = random_complex({2, n, others});
      const array rows = fft::fft(contiguous(swapaxes(x, 1, 2)), -1);
      const array difference = subtract(fft::fft(x, 1), swapaxes(rows, 1, 2));
      EXPECT_LE(max(abs(difference)).item<float>(), float(error_allowed(size_t(n))));
      const array real_rows = fft::rfft(contiguous(swapaxes(real(x), 1, 2)), -1);
      const array real_difference = subtract(fft::rfft(real(x), 1), swapaxes(real_rows, 1, 2));
      EXPECT_LE(max(abs(real_difference)).item<float>(), float(error_allowed(size_t(n))));
      const array back = fft::irfft(fft::rfft(real(x), 1), n, 1);
      EXPECT_LE(max(abs(subtract(back, real(x)))).item<float>(), 2e-6f);
    }
  }
}

TEST(Fft, OfSeveralAxesIsThatOfEach) {
  const array x = random_complex({6, 5, 8});
  const array each = fft::fft(fft::fft(fft::fft(x, 0), 1), 2);
  EXPECT_LE(max(abs(subtract(fft::fftn(x), each))).item<float>(), 2e-5f);
  EXPECT_LE(max(abs(subtract(fft::ifftn(fft::fftn(x)), x))).item<float>(), 2e-6f);
  const array y = random_array({6, 5, 9});
  const array back = fft::irfftn(fft::rfftn(y), {6, 5, 9}, {0, 1, 2});
  EXPECT_LE(max(abs(subtract(back, y))).item<float>(), 2e-6f);
}

TEST(Fft, EmptyBatches) {
  EXPECT_EQ(fft::fft(random_complex({0, 4})).shape(), Shape({0, 4}));
  EXPECT_EQ(fft::rfft(random_array({4, 0}), 0).shape(), Shape({3, 0}));
  array padded = fft::fft(random_complex({2, 0}), 3, -1);
  EXPECT_EQ(max(abs(padded)).item<float>(), 0.0f);
}

std::string error_of(const std::function<array()>& call) {
  try {
    call().eval();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing thrown";
}

TEST(Fft, ErrorsNameTheNumbers) {
  const array x = random_complex({3, 4});
  EXPECT_THAT(error_of([&] { return fft::fft(x, -2, 1); }), testing::HasSubstr("-2"));
  EXPECT_THAT(error_of([&] {
                return fft::irfft(slice(x, {0, 0}, {3, 1}));
              }),
              testing::HasSubstr("length 0 along axis 1 of (3,1)"));
  EXPECT_THAT(error_of([&] {
                return fft::fftn(x, {1, 2}, {0});
              }),
              testing::HasSubstr("2 lengths for 1 axes"));
  EXPECT_THAT(error_of([&] { return fft::fftn(array(1.0f)); }), testing::HasSubstr("scalar"));
  EXPECT_THAT(error_of([&] { return fft::fftn(x, {0, -2}); }), testing::HasSubstr("axis 0"));
  EXPECT_THAT(error_of([&] { return fft::fftfreq(0); }), testing::HasSubstr("[fft::fftfreq]"));
  EXPECT_THAT(error_of([&] { return fft::fftshift(x, {2}); }), testing::HasSubstr("2"));
}

}  // namespace
}  // namespace quern::tests
