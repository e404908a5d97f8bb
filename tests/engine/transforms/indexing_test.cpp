#include "engine/ops/indexing.h"

#include <gtest/gtest.h>

#include "engine/ops/creation.h"
#include "engine/ops/shape.h"
#include "tests/engine/transforms/check.h"

namespace quern::tests {
namespace {

using Scatter = array (*)(const array&, const std::vector<array>&, const array&,
                          const std::vector<int>&, StreamOrDevice);

const std::vector<std::pair<const char*, Scatter>>& scatters() {
  static const std::vector<std::pair<const char*, Scatter>> all{{"scatter", scatter},
                                                                {"scatter_add", scatter_add},
                                                                {"scatter_prod", scatter_prod},
                                                                {"scatter_max", scatter_max},
                                                                {"scatter_min", scatter_min}};
  return all;
}

TEST(TransformsOfIndexing, Gather) {
  expect_transforms("rows",
                    [](const auto& in) {
                      return Arrays{gather(in[0], {in[1]}, {0}, {1, 3})};
                    },
                    {values({5, 3}, 1), array({4, 0, -2, 4}, int32)});
  expect_transforms(
      "windows of two axes",
      [](const auto& in) {
        return Arrays{gather(in[0], {in[1], in[2]}, {2, 0}, {1, 2, 2})};
      },
      {values({3, 2, 4}, 1), array({0, 1, 2, 0}, Shape{2, 2}, int32), array({2, 0}, int32)});
  expect_transforms("take", [](const auto& in) { return Arrays{take(in[0], in[1], 1)}; },
                    {values({2, 4}, 1), array({3, 3, 1}, int32)});
  expect_transforms("a scalar index", [](const auto& in) { return Arrays{take(in[0], in[1], 0)}; },
                    {values({4, 2}, 1), array(2, int32)});
  expect_vmap("no index", [](const auto& in) { return Arrays{take(in[0], zeros({0}, int32), 0)}; },
              {values({4, 2}, 1)});
}

TEST(TransformsOfIndexing, AlongAxis) {
  const array indices({3, 0, 0, 1, 2, 2}, Shape{2, 3}, int32);
  expect_transforms("take_along_axis",
                    [](const auto& in) { return Arrays{take_along_axis(in[0], in[1], 1)}; },
                    {values({2, 4}, 1), indices});
  expect_transforms("put_along_axis",
                    [](const auto& in) { return Arrays{put_along_axis(in[0], in[1], in[2], 1)}; },
                    {values({2, 4}, 1), indices, values({2, 3}, 2)});
  expect_transforms("scatter_add_axis",
                    [](const auto& in) { return Arrays{scatter_add_axis(in[0], in[1], in[2], 0)}; },
                    {values({4, 3}, 1), indices, values({2, 3}, 2)});
}

TEST(TransformsOfIndexing, Scatter) {
  for (const auto& [name, op] : scatters()) {
    expect_transforms(
        name, [op = op](const auto& in) { return Arrays{op(in[0], {in[1]}, in[2], {0}, {})}; },
        {values({5, 2}, 1, 0.5, 1.5), array({4, 0, 0, 2}, int32), values({4, 1, 2}, 2, 0.5, 1.5)});
    expect_transforms(name,
                      [op = op](const auto& in) {
                        return Arrays{op(in[0], {in[1], in[2]}, in[3], {2, 0}, {})};
                      },
                      {values({3, 2, 4}, 1, 0.5, 1.5), array({0, 1, 2, 0}, Shape{2, 2}, int32),
                       array({2, 0}, int32), values({2, 2, 1, 2, 2}, 2, 0.5, 1.5)});
  }
}

TEST(TransformsOfIndexing, ScatterOfZeroFactors) {
  const array updates =
      slice_update(values({4, 1, 1}, 2), zeros({1, 1, 1}, float64), {1, 0, 0}, {2, 1, 1});
  expect_transforms(
      "scatter_prod",
      [](const auto& in) {
        return Arrays{scatter_prod(in[0], {array({0, 0, 1, 2}, int32)}, in[1], {0}, {})};
      },
      {values({3, 1}, 1), updates});
}

TEST(TransformsOfIndexing, MaskedScatter) {
  const array mask({true, false, true, true, false, true}, Shape{2, 3}, bool_);
  expect_transforms("masked_scatter",
                    [](const auto& in) { return Arrays{masked_scatter(in[0], in[1], in[2])}; },
                    {values({2, 3}, 1), mask, values({5}, 2)});
  expect_transforms("rows",
                    [](const auto& in) { return Arrays{masked_scatter(in[0], in[1], in[2])}; },
                    {values({3, 2}, 1), array({true, false, true}, bool_), values({2, 2}, 2)});
}

}  // namespace
}  // namespace quern::tests
