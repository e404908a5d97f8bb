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

TEST(TransformsOfSlice, SliceUpdate) {
  for (const Range& r : ranges()) {
    const Shape part = slice(values({4, 6}, 1), r.start, r.stop, r.strides).shape();
    const auto update = [&](const auto& in) {
      return Arrays{slice_update(in[0], in[1], r.start, r.stop, r.strides)};
    };
    expect_transforms(r.name, update, {values({4, 6}, 1), values(part, 2)});
    expect_transforms(r.name, update, {values({4, 6}, 1), values({1}, 2)});
  }
}

}  // namespace
}  // namespace quern::tests
