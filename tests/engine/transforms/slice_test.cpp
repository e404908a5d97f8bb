#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/ops/shape.h"
#include "tests/engine/transforms/check.h"

namespace quern::tests {
namespace {

struct Range {
  const char* name;
  Shape start, stop, strides;
};

const std::vector<Range>& ranges() {
  static const std::vector<Range> all{
      {"inner", {1, 1}, {3, 4}, {1, 1}},
      {"steps", {0, 1}, {4, 6}, {3, 2}},
      {"down through 0", {-1, 4}, {-5, -7}, {-1, -2}},
      {"past the end", {2, -3}, {100, 100}, {1, 2}},
      {"one element", {3, 0}, {4, 1}, {1, 1}},
  };
  return all;
}

TEST(TransformsOfSlice, Slice) {
  for (const Range& r : ranges()) {
    expect_transforms(
        r.name, [&](const auto& in) { return Arrays{slice(in[0], r.start, r.stop, r.strides)}; },
        {values({4, 6}, 1)});
  }
  expect_vmap("empty", [](const auto& in) { return Arrays{slice(in[0], {2}, {1})}; },
              {values({3}, 1)});
}

using Update = array (*)(const array&, const array&, Shape, Shape, Shape, StreamOrDevice);
using DynamicUpdate = array (*)(const array&, const array&, const array&, std::vector<int>,
                                StreamOrDevice);

struct Combining {
  const char* name;
  Update update;
  DynamicUpdate dynamic_update;
};

const std::vector<Combining>& ways() {
  static const std::vector<Combining> all{
      {"slice_update", slice_update, slice_update},
      {"slice_update_add", slice_update_add, slice_update_add},
      {"slice_update_prod", slice_update_prod, slice_update_prod},
      {"slice_update_max", slice_update_max, slice_update_max},
      {"slice_update_min", slice_update_min, slice_update_min},
  };
  return all;
}

TEST(TransformsOfSlice, SliceUpdate) {
  for (const Combining& way : ways()) {
    for (const Range& r : ranges()) {
      const Shape part = slice(values({4, 6}, 1), r.start, r.stop, r.strides).shape();
      const auto update = [&](const auto& in) {
        return Arrays{way.update(in[0], in[1], r.start, r.stop, r.strides, {})};
      };
      const std::string name = fmt::format("{} {}", way.name, r.name);
      expect_transforms(name, update, {values({4, 6}, 1), values(part, 2)});
      expect_transforms(name, update, {values({4, 6}, 1), values({1}, 2)});
    }
  }
}

TEST(TransformsOfSlice, DynamicSlice) {
  expect_transforms("two axes",
                    [](const auto& in) {
                      return Arrays{slice(in[0], in[1], {2, 0}, {2, 3, 2})};
                    },
                    {values({4, 3, 5}, 1), array({3, 1}, int32)});
  expect_transforms("one axis",
                    [](const auto& in) {
                      return Arrays{slice(in[0], in[1], {0}, {2, 3})};
                    },
                    {values({4, 3}, 1), array({1}, int32)});
}

TEST(TransformsOfSlice, DynamicSliceUpdate) {
  for (const Combining& way : ways()) {
    expect_transforms(way.name,
                      [&](const auto& in) {
                        return Arrays{way.dynamic_update(in[0], in[1], in[2], {2, 0}, {})};
                      },
                      {values({4, 3, 5}, 1), values({2, 3, 2}, 2), array({3, 1}, int32)});
    expect_transforms(
        way.name,
        [&](const auto& in) { return Arrays{way.dynamic_update(in[0], in[1], in[2], {0}, {})}; },
        {values({4, 3}, 1), values({2, 1}, 2), array({1}, int32)});
  }
}

}  // namespace
}  // namespace quern::tests
