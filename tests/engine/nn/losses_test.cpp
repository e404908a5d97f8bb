#include "engine/nn/losses.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/unary.h"
#include "tests/engine/ops/reference.h"

namespace quern::tests {

using namespace nn::losses;
using nn::Reduction;

namespace {

/// f of the elements of arrays of one shape.
template <typename F, typename... A>
std::vector<double> each(F f, const A&... arrays) {
  const std::vector<std::vector<double>> in{doubles(arrays)...};
  std::vector<double> out(in[0].size());
  for (size_t i = 0; i < out.size(); ++i) {
    if constexpr (sizeof...(A) == 2) {
      out[i] = f(in[0][i], in[1][i]);
    } else {
      out[i] = f(in[0][i], in[1][i], in[2][i]);
    }
  }
  return out;
}

double total(const std::vector<double>& x) {
  double sum = 0;
  for (const double value : x) sum += value;
  return sum;
}

/// A loss of all three reductions against its value for each element.
template <typename Loss>
void expect_reductions(const char* name, Loss loss, const std::vector<double>& wanted) {
  SCOPED_TRACE(name);
  expect_close(loss(Reduction::none), wanted, 3e-6, 3e-6);
  expect_close(loss(Reduction::sum), {total(wanted)}, 3e-6, 3e-6);
  expect_close(loss(Reduction::mean), {total(wanted) / double(wanted.size())}, 3e-6, 3e-6);
}

/// -sum over classes of target * log softmax, for rows of c logits.
std::vector<double> cross_entropies(const std::vector<double>& logits,
                                    const std::vector<double>& targets, size_t c) {
  std::vector<double> losses;
  for (size_t row = 0; row < logits.size(); row += c) {
    double sum = 0, loss = 0;
    for (size_t k = 0; k < c; ++k) sum += std::exp(logits[row + k]);
    for (size_t k = 0; k < c; ++k) loss -= targets[row + k] * (logits[row + k] - std::log(sum));
    losses.push_back(loss);
  }
  return losses;
}

std::vector<double> smoothed(const std::vector<int>& ids, size_t c, double smoothing) {
  std::vector<double> targets(ids.size() * c, smoothing / double(c));
  for (size_t i = 0; i < ids.size(); ++i) targets[i * c + size_t(ids[i])] += 1 - smoothing;
  return targets;
}

const array a = random_array({4, 6}, float32, 1) * 3.0f;
const array b = random_array({4, 6}, float32, 2) * 3.0f;

}  // namespace

TEST(Losses, CrossEntropyOfClassIndices) {
  const std::vector<int> ids{0, 5, 2, 2};
  const array targets(ids.begin(), {4});
  for (const float smoothing : {0.0f, 0.1f, 0.7f}) {
    const std::vector<double> wanted = cross_entropies(doubles(a), smoothed(ids, 6, smoothing), 6);
    expect_reductions(
        "cross_entropy",
        [&](Reduction r) { return cross_entropy(a, targets, std::nullopt, -1, smoothing, r); },
        wanted);
    const array weights({1.0f, 0.0f, 2.0f, 0.5f});
    std::vector<double> weighted = wanted;
    for (size_t i = 0; i < 4; ++i) weighted[i] *= doubles(weights)[i];
    expect_reductions(
        "weighted",
        [&](Reduction r) { return cross_entropy(a, targets, weights, -1, smoothing, r); },
        weighted);
    expect_close(cross_entropy(transpose(a), targets, std::nullopt, 0, smoothing), wanted, 3e-6,
                 3e-6);
  }
}

TEST(Losses, CrossEntropyOfProbabilities) {
  const array targets = array({0.2f, 0.3f, 0.5f, 0.0f, 1.0f, 0.0f}, Shape{2, 3});
  const array logits = random_array({2, 3}) * 2.0f;
  expect_close(cross_entropy(logits, targets),
               cross_entropies(doubles(logits), doubles(targets), 3), 1e-6, 1e-6);
}

TEST(Losses, CrossEntropyOfLargeLogitsKeepsTheirDifferences) {
  const array logits({1e8f, 1e8f, 0.0f}, Shape{1, 3});
  expect_close(cross_entropy(logits, array({0}, uint32)), {std::log(2.0)}, 1e-6, 0);
}

TEST(Losses, CrossEntropyErrorsSayTheNumbers) {
  try {
    cross_entropy(a, array({1, 2}, int32));
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "[cross_entropy] targets of shape (2) for logits of (4,6)");
  }
  const array targets({0, 1, 2, 3}, int32);
  EXPECT_THROW(cross_entropy(a, targets, array({1.0f})), std::invalid_argument);
  EXPECT_THROW(cross_entropy(a, targets, std::nullopt, -1, 1.0f), std::invalid_argument);
  EXPECT_THROW(cross_entropy(a, targets, std::nullopt, -1, -0.1f), std::invalid_argument);
  EXPECT_THROW(cross_entropy(a, targets, std::nullopt, 2), std::invalid_argument);
}

TEST(Losses, BinaryCrossEntropy) {
  const array t = astype(b > 0, float32);
  expect_reductions(
      "with logits", [&](Reduction r) { return binary_cross_entropy(a, t, std::nullopt, true, r); },
      each([](double x, double y) { return std::log1p(std::exp(x)) - x * y; }, a, t));
  const array p = sigmoid(a);
  const auto formula = [](double x, double y) {
    return -(y * std::log(x) + (1 - y) * std::log(1 - x));
  };
  expect_reductions(
      "of probabilities",
      [&](Reduction r) { return binary_cross_entropy(p, t, std::nullopt, false, r); },
      each(formula, p, t));
  // Where the logarithm is infinite the loss is 100.
  expect_close(binary_cross_entropy(array({0.0f, 1.0f}), array({1.0f, 1.0f}), std::nullopt, false,
                                    Reduction::none),
               {100, 0}, 1e-6, 1e-6);
  const array weights = abs(b);
  expect_close(
      binary_cross_entropy(a, t, weights, true, Reduction::none),
      each([](double x, double y, double w) { return w * (std::log1p(std::exp(x)) - x * y); }, a, t,
           weights),
      3e-6, 3e-6);
}

TEST(Losses, OfDifferences) {
  expect_reductions(
      "l1", [](Reduction r) { return l1_loss(a, b, r); },
      each([](double x, double y) { return std::abs(x - y); }, a, b));
  expect_reductions(
      "mse", [](Reduction r) { return mse_loss(a, b, r); },
      each([](double x, double y) { return (x - y) * (x - y); }, a, b));
  expect_reductions(
      "smooth_l1", [](Reduction r) { return smooth_l1_loss(a, b, 2.0f, r); },
      each(
          [](double x, double y) {
            const double d = std::abs(x - y);
            return d < 2 ? d * d / 4 : d - 1;
          },
          a, b));
  expect_reductions(
      "huber", [](Reduction r) { return huber_loss(a, b, 2.0f, r); },
      each(
          [](double x, double y) {
            const double d = std::abs(x - y);
            return d <= 2 ? d * d / 2 : 2 * (d - 1);
          },
          a, b));
  expect_reductions(
      "log_cosh", [](Reduction r) { return log_cosh_loss(a, b, r); },
      each([](double x, double y) { return std::log(std::cosh(x - y)); }, a, b));
}

TEST(Losses, OfTargetsThatAreSigns) {
  const array t = sign(b);
  expect_reductions(
      "hinge", [&](Reduction r) { return hinge_loss(a, t, r); },
      each([](double x, double y) { return std::max(1 - x * y, 0.0); }, a, t));
  const array c = random_array({4, 6}, float32, 3);
  expect_reductions(
      "margin_ranking", [&](Reduction r) { return margin_ranking_loss(a, c, t, 0.5f, r); },
      each([](double x, double y, double s) { return std::max(-s * (x - y) + 0.5, 0.0); }, a, c,
           t));
}

TEST(Losses, OfLogProbabilities) {
  const array targets({3, 0, 5, 1}, int32);
  const std::vector<double> in = doubles(a);
  expect_reductions("nll", [&](Reduction r) { return nll_loss(a, targets, -1, r); },
                    {-in[3], -in[6], -in[17], -in[19]});
  std::vector<double> divergences(4);
  for (size_t i = 0; i < 24; ++i) {
    const double t = doubles(b)[i];
    divergences[i / 6] += std::exp(t) * (t - in[i]);
  }
  expect_reductions(
      "kl_div", [](Reduction r) { return kl_div_loss(a, b, -1, r); }, divergences);
}

TEST(Losses, GaussianNegativeLogLikelihood) {
  const array variances = abs(random_array({4, 6}, float32, 5));
  for (const bool full : {false, true}) {
    expect_reductions(
        "gaussian_nll",
        [&](Reduction r) { return gaussian_nll_loss(a, b, variances, full, 1e-2f, r); },
        each(
            [full](double x, double y, double v) {
              v = std::max(v, 1e-2);
              return 0.5 * (std::log(v) + (y - x) * (y - x) / v) +
                     (full ? 0.5 * std::log(2 * M_PI) : 0);
            },
            a, b, variances));
  }
}

TEST(Losses, TripletAndCosine) {
  const array c = random_array({4, 6}, float32, 3);
  const std::vector<double> x = doubles(a), y = doubles(b), z = doubles(c);
  std::vector<double> triplets, cosines;
  for (size_t row = 0; row < 24; row += 6) {
    double near = 0, far = 0, dot = 0, xx = 0, yy = 0;
    for (size_t i = row; i < row + 6; ++i) {
      near += std::pow(std::abs(x[i] - y[i]), 3);
      far += std::pow(std::abs(x[i] - z[i]), 3);
      dot += x[i] * y[i];
      xx += x[i] * x[i];
      yy += y[i] * y[i];
    }
    triplets.push_back(std::max(std::cbrt(near + 1e-6) - std::cbrt(far + 1e-6) + 0.5, 0.0));
    cosines.push_back(dot / std::sqrt(xx * yy));
  }
  expect_reductions(
      "triplet", [&](Reduction r) { return triplet_loss(a, b, c, -1, 3, 0.5f, 1e-6f, r); },
      triplets);
  expect_reductions(
      "cosine", [](Reduction r) { return cosine_similarity_loss(a, b, 1, 1e-8f, r); }, cosines);
  expect_close(
      cosine_similarity_loss(array({0.0f, 0.0f}, Shape{1, 2}), array({1.0f, 2.0f}, Shape{1, 2})),
      {0}, 0, 0);
}

TEST(Losses, ShapesMustMatch) {
  const array other = random_array({4, 5});
  EXPECT_THROW(l1_loss(a, other), std::invalid_argument);
  EXPECT_THROW(mse_loss(a, other), std::invalid_argument);
  EXPECT_THROW(smooth_l1_loss(a, other), std::invalid_argument);
  EXPECT_THROW(binary_cross_entropy(a, other), std::invalid_argument);
  EXPECT_THROW(gaussian_nll_loss(a, b, other), std::invalid_argument);
  EXPECT_THROW(margin_ranking_loss(a, b, other), std::invalid_argument);
}

}  // namespace quern::tests
