#include "engine/ops/sort.h"

#include <gtest/gtest.h>

#include "engine/ops/arithmetic.h"
#include "engine/ops/bitwise.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/random.h"
#include "engine/ops/reduce.h"
#include "engine/ops/scan.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/primitives/primitive.h"
#include "engine/transforms/transforms.h"
#include "tests/engine/transforms/check.h"

namespace quern::tests {
namespace {

TEST(TransformsOfSorting, Sort) {
  for (const int axis : {0, 1, -1}) {
    expect_transforms("sort", [&](const Arrays& in) { return Arrays{sort(in[0], axis)}; },
                      {values({2, 5, 3}, 1)});
    expect_vmap("argsort", [&](const Arrays& in) { return Arrays{argsort(in[0], axis)}; },
                {values({2, 5, 3}, 1)});
  }
  expect_transforms("sort of all", [](const Arrays& in) { return Arrays{sort(in[0])}; },
                    {values({2, 3}, 1)});
  expect_vmap("sort of a scalar", [](const Arrays& in) { return Arrays{sort(in[0])}; },
              {values({}, 1)});
}

TEST(TransformsOfSorting, Partition) {
  for (const int axis : {0, 1}) {
    for (const int kth : {0, 2, -1}) {
      const auto fun = [&](const Arrays& in) { return Arrays{partition(in[0], kth, axis)}; };
      expect_transforms("partition", fun, {values({20, 3}, 1, 0.5, 2)});
      expect_transforms("partition", fun, {values({4, 30}, 2, 0.5, 2)});
      expect_vmap("argpartition",
                  [&](const Arrays& in) { return Arrays{argpartition(in[0], kth, axis)}; },
                  {values({20, 3}, 1)});
    }
  }
  expect_transforms("topk", [](const Arrays& in) { return Arrays{topk(in[0], 3, 1)}; },
                    {values({2, 9}, 1)});
}

TEST(TransformsOfSorting, OfEqualElements) {
  const auto fun = [](const array& x) { return sort(x); };
  const array x({2.0f, 1.0f, 2.0f}), c({10.0f, 20.0f, 30.0f});
  const array gradient = vjp(fun, x, c).second;
  EXPECT_TRUE(array_equal(gradient, array({20.0f, 10.0f, 30.0f})).item<bool>());
  const array pushed = jvp(fun, x, c).second;
  EXPECT_TRUE(array_equal(pushed, array({20.0f, 10.0f, 30.0f})).item<bool>());
}

TEST(TransformsOfSorting, IndicesHaveNoGradient) {
  const auto fun = [](const Arrays& in) {
    const array order = add(argsort(in[0], 0), argpartition(in[0], 1, 0));
    return Arrays{astype(add(order, searchsorted(in[1], in[0])), float64)};
  };
  expect_gradients("indices", fun, {values({5}, 1), sort(values({7}, 2))});
}

TEST(TransformsOfSorting, SearchSorted) {
  const array sequence = sort(values({7}, 1, 1, 2));
  for (const char* side : {"left", "right"}) {
    const auto fun = [&](const Arrays& in) { return Arrays{searchsorted(in[0], in[1], side)}; };
    // Scaled by the batch, a positive sequence may lose its order: sort it again.
    const auto sorted = [&](const Arrays& in) { return fun({sort(in[0]), in[1]}); };
    expect_vmap("searchsorted", sorted, {sequence, values({2, 3}, 2, 1, 2)});
    expect_vmap("searchsorted", sorted, {sequence, values({}, 2, 1, 2)});
    expect_vmap("searchsorted in nothing", fun, {values({0}, 1), values({2}, 2)});
    expect_vmap("searchsorted of nothing", fun, {sequence, values({0}, 2)});
    // A batch over the sequences, then one over the values alone.
    const auto outer = [&](const Arrays& in) {
      const array rows =
          sort(multiply(expand_dims(in[0], 0), array({1.0, -1.0}, {2, 1}, float64)), 1);
      return Arrays{vmap([&](const array& row) { return searchsorted(row, in[1], side); })(rows)};
    };
    expect_vmap("searchsorted, nested", outer, {sequence, values({3}, 2, -2, 2)});
  }
}

// Random bits

TEST(TransformsOfRandom, EachKeyHasItsBlock) {
  const array keys = reshape(random::split(random::key(7), 6), {2, 3, 2});
  for (const int width : {1, 2, 4}) {
    const auto bits = [&](const array& key) { return random::bits({5}, width, key); };
    const array got = vmap(vmap(bits))(keys),
                turned = vmap(vmap(bits, 1, 1), 0, 0)(swapaxes(keys, 1, 2));
    EXPECT_EQ(got.shape(), Shape({2, 3, 5}));
    EXPECT_EQ(turned.shape(), Shape({2, 5, 3}));
    for (int i = 0; i < 6; ++i) {
      const array key = reshape(slice(reshape(keys, {6, 2}), {i, 0}, {i + 1, 2}), {2});
      const array row = slice(reshape(got, {6, 5}), {i, 0}, {i + 1, 5});
      const array column = slice(reshape(swapaxes(turned, 1, 2), {6, 5}), {i, 0}, {i + 1, 5});
      EXPECT_TRUE(array_equal(reshape(row, {5}), bits(key)).item<bool>());
      EXPECT_TRUE(array_equal(reshape(column, {5}), bits(key)).item<bool>());
    }
  }
}

TEST(TransformsOfRandom, Distributions) {
  const array key = random::key(3);
  const auto scaled = [&](const Arrays& in) {
    return Arrays{astype(random::normal({2, 3}, float32, in[0], in[1], key), float64)};
  };
  expect_vmap("normal", scaled, {values({3}, 1), values({3}, 2, 1, 2)});
  expect_vmap("split", [](const Arrays& in) { return Arrays{random::split(in[0], 3)}; }, {key});
  expect_vmap("categorical",
              [&](const Arrays& in) { return Arrays{random::categorical(in[0], -1, key)}; },
              {values({4, 3}, 1)});
  expect_vmap("permutation", [](const Arrays& in) { return Arrays{random::permutation(6, in[0])}; },
              {key});
  const auto mean_of = [&](const array& loc) {
    return sum(random::normal({4}, float32, loc, array(2.0f), key));
  };
  EXPECT_FLOAT_EQ(grad(mean_of)(array(1.0f)).item<float>(), 4);
}

// Arrays made from nothing

TEST(TransformsOfCreation, DoNotVary) {
  const auto fun = [](const Arrays& in) {
    const array ramp = astype(arange(3), float64), corner = tri(2, 3, 0, float64);
    return Arrays{add(multiply(in[0], ramp), corner), tril(in[0]), triu(in[0], 1)};
  };
  expect_transforms("arange and tri", fun, {values({2, 3}, 1)});
  expect_transforms("full",
                    [](const Arrays& in) {
                      return Arrays{full({2, 3}, in[0])};
                    },
                    {values({3}, 1)});
}

// Recording a graph for all shapes

void expect_output_shapes(const array& a) {
  if (!a.has_primitive()) return;
  for (const array& input : a.inputs()) expect_output_shapes(input);
  EXPECT_EQ(a.primitive().output_shapes(a.inputs())[0], a.shape()) << a.primitive().name();
}

TEST(OutputShapes, AreThoseOfTheOps) {
  const array x = astype(values({2, 3, 4}, 1), float32), i = astype(x, int32);
  for (const array& a : {
           prod(x, std::vector<int>{0, 2}),
           max(x, 1, true),
           argmin(x, 2),
           all(x),
           logsumexp(x, 0),
           softmax(x, 1),
           cumsum(x, 1),
           cummax(x, 0, true, false),
           logcumsumexp(x),
           sort(x, 1),
           argsort(x),
           partition(x, 2, 1),
           argpartition(x, 2, 1),
           topk(x, 2, 2),
           median(x, 1),
           searchsorted(sort(flatten(x)), x),
           arange(3, 11, 2),
           tri(2, 5, 1, int32),
           eye(3),
           where(x, x, array(1.0f)),
           sin(x),
           add(x, i),
           bitwise_invert(i),
           isnan(x),
           astype(x, int8),
           linspace(0, 1, 7),
           hanning(8),
           random::bits({3, 2}, 2, random::key(1)),
           vmap([](const array& k) { return random::bits({5}, 1, k); })(
               random::split(random::key(1), 4)),
       }) {
    expect_output_shapes(a);
  }
}

}  // namespace
}  // namespace quern::tests
