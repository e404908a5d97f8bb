#include <gtest/gtest.h>

#include <random>

#include "engine/graph/eval.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/shape.h"

namespace quern::tests {
namespace {

/// `count` positions below `length`, with many repeats.
std::vector<int> places(size_t count, int length) {
  std::mt19937 random(count);
  std::vector<int> all(count);
  for (int& place : all) place = int(random() % unsigned(length));
  return all;
}

/// Small integers, so that sums of floats are exact in any order.
std::vector<float> numbers(size_t count) {
  std::mt19937 random(7);
  std::vector<float> all(count);
  for (float& x : all) x = float(random() % 5) - 2;
  return all;
}

/// The rows of [length, columns] that updates [count, columns] give, computed one by one.
std::vector<float> expected_rows(const std::vector<int>& at, const std::vector<float>& updates,
                                 int length, size_t columns, bool adds) {
  std::vector<float> out(size_t(length) * columns, 0);
  for (size_t k = 0; k < at.size(); ++k) {
    for (size_t i = 0; i < columns; ++i) {
      float& there = out[size_t(at[k]) * columns + i];
      there = (adds ? there : 0) + updates[k * columns + i];
    }
  }
  return out;
}

/// Enough work for several threads, in each of the ways of sharing it.
TEST(Scatter, OfManyRows) {
  struct Size {
    size_t count;
    int length;
    int columns;
  };
  for (const auto& [count, length, columns] :
       {Size{300000, 1000, 1}, Size{300000, 70000, 1}, Size{4000, 300, 50}, Size{40, 10, 40000}}) {
    const std::vector<int> at = places(count, length);
    const std::vector<float> updates = numbers(count * size_t(columns));
    const array indices(at.begin(), Shape{int(count)}, int32);
    const array values(updates.begin(), Shape{int(count), 1, columns}, float32);
    for (const Dtype dtype : {float32, bfloat16, int64}) {
      for (const bool adds : {false, true}) {
        const std::vector<float> want = expected_rows(at, updates, length, size_t(columns), adds);
        const array expected(want.begin(), Shape{length, columns}, float32);
        const array start = zeros({length, columns}, dtype), what = astype(values, dtype);
        const array got =
            adds ? scatter_add(start, indices, what, 0) : scatter(start, indices, what, 0);
        EXPECT_TRUE(array_equal(got, astype(expected, dtype)).item<bool>())
            << count << " updates of " << columns << (adds ? " added" : " written");
      }
    }
  }
}

TEST(Gather, AlongAnyAxisOfAnyLayout) {
  const int rows = 90, columns = 3000;
  const std::vector<float> all = numbers(size_t(rows) * columns);
  const array dense(all.begin(), Shape{rows, columns}, float32);
  for (const array& a : {dense, transpose(contiguous(transpose(dense)))}) {
    for (const int axis : {0, 1}) {
      const Shape shape = axis == 0 ? Shape{2 * rows, columns} : Shape{rows, columns / 2 + 3};
      const int length = axis == 0 ? rows : columns;
      std::vector<int> at = places(element_count(shape), length);
      for (size_t k = 0; k < at.size(); k += 3) at[k] -= length;
      array got = take_along_axis(a, array(at.begin(), shape, int32), axis);
      got.eval();
      for (size_t k = 0; k < at.size(); ++k) {
        const auto place = size_t(at[k] < 0 ? at[k] + length : at[k]);
        const size_t row = k / size_t(shape[1]), column = k % size_t(shape[1]);
        const size_t from = axis == 0 ? place * columns + column : row * columns + place;
        ASSERT_EQ(got.data<float>()[k], all[from]) << "axis " << axis << ", element " << k;
      }
    }
  }
}

TEST(Gather, NamesTheFirstIndexOutside) {
  std::vector<int> at(5000, 1);
  at[4000] = -7;
  at[4500] = 9;
  const array indices(at.begin(), Shape{5000}, int32), six = arange(0, 6);
  const auto message = [](array a) -> std::string {
    try {
      a.eval();
    } catch (const std::out_of_range& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message(take(six, indices, 0)), "[gather] index -7 is outside an axis of length 6");
  EXPECT_EQ(message(take_along_axis(six, indices, 0)),
            "[take_along_axis] index -7 is outside an axis of length 6");
}

TEST(Scatter, AlongAnAxis) {
  const int length = 500, values = 3000, inner = 300;
  const std::vector<int> at = places(size_t(values) * inner, length);
  const std::vector<float> updates = numbers(at.size());
  std::vector<float> sums(size_t(length) * inner, 0), last = sums;
  for (size_t k = 0; k < at.size(); ++k) {
    const size_t to = size_t(at[k]) * inner + k % inner;
    sums[to] += updates[k];
    last[to] = updates[k];
  }
  const array indices(at.begin(), Shape{values, inner}, int32);
  const array what(updates.begin(), Shape{values, inner}, float32);
  for (const Dtype dtype : {float32, float16}) {
    const array start = zeros({length, inner}, dtype);
    const array added = scatter_add_axis(start, indices, astype(what, dtype), 0);
    const array put = put_along_axis(start, indices, astype(what, dtype), 0);
    EXPECT_TRUE(
        array_equal(astype(added, float32), array(sums.begin(), Shape{length, inner}, float32))
            .item<bool>());
    EXPECT_TRUE(
        array_equal(astype(put, float32), array(last.begin(), Shape{length, inner}, float32))
            .item<bool>());
  }
}

TEST(Scatter, AlongTheLastAxis) {
  const int rows = 40, length = 500, count = 1700;
  const std::vector<int> at = places(size_t(rows) * count, length);
  const std::vector<float> updates = numbers(at.size());
  std::vector<float> want(size_t(rows) * length, 0);
  for (size_t k = 0; k < at.size(); ++k) want[k / count * length + size_t(at[k])] = updates[k];
  const array put = put_along_axis(zeros({rows, length}), array(at.begin(), {rows, count}, int32),
                                   array(updates.begin(), {rows, count}, float32), -1);
  EXPECT_TRUE(array_equal(put, array(want.begin(), Shape{rows, length}, float32)).item<bool>());
}

TEST(Scatter, RoundsHalvesOnce) {
  // 2048 + 1 is 2048 in float16: one by one, nothing would be added.
  const array updates = ones({64, 1}, float16), indices = zeros({64}, int32);
  const array sum = scatter_add(full({3}, 2048.0f, float16), indices, updates, 0);
  EXPECT_EQ(slice(sum, {0}, {1}).item<float>(), 2112.0f);
}

TEST(Scatter, NanIsTheLargestAndTheSmallest) {
  const std::vector<float> values = {NAN, 1.0f};
  const array updates(values.begin(), Shape{2, 1}), indices({0, 0}, int32);
  EXPECT_TRUE(std::isnan(scatter_max(zeros({1}), indices, updates, 0).item<float>()));
  EXPECT_TRUE(std::isnan(scatter_min(zeros({1}), indices, updates, 0).item<float>()));
}

TEST(Scatter, WorksInPlaceOnlyAlone) {
  array a = zeros({1000});
  eval({a});
  const void* memory = a.data<char>();
  const array kept = a;
  array b = scatter(a, array({1}, int32), ones({1, 1}), 0);
  eval({b});
  EXPECT_NE(b.data<char>(), memory);
  EXPECT_EQ(slice(kept, {1}, {2}).item<float>(), 0.0f);
}

TEST(ScatterErrors, NameTheNumbers) {
  const auto text_of = [](auto&& f) -> std::string {
    try {
      f();
    } catch (const std::exception& error) {
      return error.what();
    }
    return "no error";
  };
  const array a = zeros({4, 3}), indices({5}, int32), rows = ones({1, 1, 3});
  const auto contains = [&](const std::string& text, std::initializer_list<const char*> parts) {
    for (const char* part : parts) EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  contains(text_of([&] { eval({scatter_add(a, indices, rows, 0)}); }),
           {"[scatter_add]", "index 5", "length 4"});
  contains(text_of([&] {
             scatter(a, indices, ones({1, 5, 3}), 0);
           }),
           {"[scatter]", "(1,5,3)", "(4,3)"});
  contains(text_of([&] { scatter(a, array({1.0f}), rows, 0); }), {"[scatter]", "float32"});
  contains(text_of([&] { scatter(a, {indices, indices}, rows, {0, 0}); }), {"[scatter]"});
  contains(text_of([&] {
             slice_update_add(a, ones({2}), {0, 0}, {4, 3});
           }),
           {"[slice_update_add]", "(2)", "(4,3)"});
  contains(text_of([&] {
             eval({slice_update_max(a, ones({2, 3}), array({3}, int32), {0})});
           }),
           {"[slice_update_max]", "2 elements from 3", "(4,3)"});
  contains(text_of([&] {
             eval({masked_scatter(a, full({4}, array(true)), ones({3, 3}))});
           }),
           {"index 3", "length 3"});
  contains(text_of([&] { pad(a, {{-1, 0}, {0, 0}}); }), {"[pad]", "-1"});
  EXPECT_THROW(pad(a, {{0, 0}, {INT32_MAX, 0}}), std::overflow_error);
  EXPECT_THROW(tile(a, {1, INT32_MAX}), std::overflow_error);
  EXPECT_THROW(repeat(a, INT32_MAX, 0), std::overflow_error);
  EXPECT_THROW(repeat(a, -1, 0), std::invalid_argument);
  EXPECT_THROW(diag(zeros({2}), INT32_MAX), std::overflow_error);
  EXPECT_THROW(reshape(a, {4, -3}), std::invalid_argument);
  EXPECT_THROW(reshape(zeros({0}), {INT32_MAX, INT32_MAX, INT32_MAX}), std::overflow_error);
  EXPECT_THROW(as_strided(a, {4}, {4}, 0), std::invalid_argument);
}

}  // namespace
}  // namespace quern::tests
