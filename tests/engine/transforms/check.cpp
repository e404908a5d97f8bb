#include "tests/engine/transforms/check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/transforms/transforms.h"

namespace quern::tests {

namespace {

bool is_free(const array& a) { return a.dtype() == float64; }

/// The function of the free inputs alone.
ArrayFunction of_free(const ArrayFunction& fun, const Arrays& inputs) {
  return [fun, inputs](const Arrays& free) {
    Arrays all = inputs;
    size_t next = 0;
    for (array& a : all) {
      if (is_free(a)) a = free[next++];
    }
    return fun(all);
  };
}

double dot(const Arrays& a, const Arrays& b) {
  double total = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    total += sum(multiply(astype(a[i], float64), astype(b[i], float64))).item<double>();
  }
  return total;
}

Arrays like(const Arrays& arrays, uint64_t seed) {
  Arrays out;
  for (const array& a : arrays) out.push_back(values(a.shape(), seed++));
  return out;
}

Arrays moved(const Arrays& at, const Arrays& direction, double step) {
  Arrays out;
  for (size_t i = 0; i < at.size(); ++i) {
    out.push_back(add(at[i], multiply(direction[i], array(step, float64))));
  }
  return out;
}

void expect_near(double got, double want, double scale, double tolerance, const std::string& what) {
  EXPECT_LE(std::abs(got - want), tolerance * (1 + scale))
      << what << ": " << got << ", not " << want;
}

/// vjp and jvp of a function of float64 arrays that returns float64 arrays.
void expect_derivatives(const std::string& name, const ArrayFunction& fun, const Arrays& at,
                        GradientTolerance tolerance) {
  const Arrays outputs = fun(at);
  for (const array& output : outputs) ASSERT_EQ(output.dtype(), float64) << name;
  const Arrays direction = like(at, 71), cotangents = like(outputs, 83);

  const Arrays tangents = jvp(fun, at, direction).second;
  ASSERT_EQ(tangents.size(), outputs.size()) << name;
  const double along = dot(cotangents, tangents);
  const double above = dot(cotangents, fun(moved(at, direction, tolerance.step)));
  const double below = dot(cotangents, fun(moved(at, direction, -tolerance.step)));
  const double difference = (above - below) / (2 * tolerance.step);
  expect_near(along, difference, std::abs(difference), tolerance.relative, name + " jvp");

  const Arrays gradients = vjp(fun, at, cotangents).second;
  ASSERT_EQ(gradients.size(), at.size()) << name;
  for (size_t i = 0; i < at.size(); ++i) {
    EXPECT_EQ(gradients[i].shape(), at[i].shape()) << name;
    EXPECT_EQ(gradients[i].dtype(), at[i].dtype()) << name;
  }
  const double pulled = dot(gradients, direction);
  expect_near(pulled, difference, std::abs(difference), tolerance.relative, name + " vjp");
  // Exactly transposed, whatever the differences' error.
  expect_near(pulled, along, std::abs(along), 1e-9, name + " vjp against jvp");
}

array stacked(const array& a, size_t copies, uint64_t seed, int axis) {
  Arrays rows;
  for (size_t i = 0; i < copies; ++i) {
    const bool vary = issubdtype(a.dtype(), inexact) && i > 0;
    rows.push_back(expand_dims(
        vary ? multiply(a, astype(add(values(a.shape(), seed + i, -0.2, 0.2), array(1.0, float64)),
                                  a.dtype()))
             : a,
        axis));
  }
  return concatenate(rows, axis);
}

array taken(const array& a, int axis, int index) {
  Shape start(a.ndim(), 0), stop = a.shape();
  start[size_t(axis)] = index;
  stop[size_t(axis)] = index + 1;
  return squeeze(slice(a, start, stop), axis);
}

void expect_mapped(const std::string& name, const ArrayFunction& fun, const Arrays& inputs,
                   const std::vector<int>& axes, double tolerance) {
  constexpr int batch = 3;
  Arrays batched;
  for (size_t i = 0; i < inputs.size(); ++i) {
    batched.push_back(axes[i] < 0 ? inputs[i] : stacked(inputs[i], batch, 7 * i + 1, axes[i]));
  }
  const Arrays got = vmap(fun, axes)(batched);
  for (int b = 0; b < batch; ++b) {
    Arrays one;
    for (size_t i = 0; i < inputs.size(); ++i) {
      one.push_back(axes[i] < 0 ? batched[i] : taken(batched[i], axes[i], b));
    }
    const Arrays want = fun(one);
    ASSERT_EQ(got.size(), want.size()) << name;
    for (size_t k = 0; k < want.size(); ++k) {
      const array row = taken(got[k], 0, b);
      ASSERT_EQ(row.shape(), want[k].shape()) << name;
      ASSERT_EQ(row.dtype(), want[k].dtype()) << name;
      EXPECT_TRUE(allclose(row, want[k], tolerance, tolerance, true).item<bool>())
          << name << ": element " << b << " of output " << k;
    }
  }
}

}  // namespace

array values(Shape shape, uint64_t seed, double low, double high) {
  std::mt19937_64 random(seed * 0x9E3779B97F4A7C15u + 1);
  std::uniform_real_distribution<double> distribution(low, high);
  std::vector<double> elements(element_count(shape));
  for (double& x : elements) x = distribution(random);
  return array(elements.begin(), std::move(shape), float64);
}

void expect_gradients(const std::string& name, const ArrayFunction& fun, const Arrays& inputs,
                      GradientTolerance tolerance) {
  SCOPED_TRACE(name);
  Arrays at;
  for (const array& a : inputs) {
    if (is_free(a)) at.push_back(a);
  }
  const ArrayFunction of_at = of_free(fun, inputs);
  expect_derivatives(name, of_at, at, tolerance);
  const Arrays cotangents = like(of_at(at), 97);
  const ArrayFunction gradient = [&](const Arrays& in) {
    return vjp(of_at, in, cotangents).second;
  };
  expect_derivatives(name + " gradient", gradient, at, {tolerance.step, 10 * tolerance.relative});
}

void expect_vmap(const std::string& name, const ArrayFunction& fun, const Arrays& inputs,
                 double tolerance) {
  SCOPED_TRACE(name);
  expect_mapped(name, fun, inputs, std::vector<int>(inputs.size(), 0), tolerance);
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::vector<int> axes(inputs.size(), -1);
    axes[i] = 0;
    expect_mapped(name, fun, inputs, axes, tolerance);
    axes[i] = int(inputs[i].ndim());
    expect_mapped(name, fun, inputs, axes, tolerance);
  }
}

void expect_transforms(const std::string& name, const ArrayFunction& fun, const Arrays& inputs) {
  expect_gradients(name, fun, inputs);
  expect_vmap(name, fun, inputs);
}

}  // namespace quern::tests
