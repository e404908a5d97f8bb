#include <gtest/gtest.h>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/transforms/compile.h"
#include "engine/transforms/transforms.h"
#include "tests/engine/transforms/check.h"

namespace quern::tests {
namespace {

/// Records a function once, for inputs of the first shapes, and expects its results from the record
/// for inputs of all of them.
void expect_any_shape(const std::string& name, const ArrayFunction& fun,
                      const std::vector<std::vector<Shape>>& calls) {
  SCOPED_TRACE(name);
  int recorded = 0;
  const ArrayFunction compiled = compile(
      [&](const Arrays& in) {
        ++recorded;
        return fun(in);
      },
      true);
  for (const std::vector<Shape>& shapes : calls) {
    Arrays inputs;
    for (const Shape& shape : shapes) inputs.push_back(values(shape, inputs.size() + 1));
    const Arrays got = compiled(inputs), want = fun(inputs);
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i].shape(), want[i].shape());
      EXPECT_TRUE(array_equal(got[i], want[i]).item<bool>()) << "output " << i;
    }
  }
  EXPECT_EQ(recorded, 1);
}

using Calls = std::vector<std::vector<Shape>>;

const Calls& matrices() {
  static const Calls all{{{4, 6}}, {{2, 8}}, {{6, 10}}};
  return all;
}

TEST(AnyShape, OfOneArray) {
  const std::pair<const char*, ArrayFunction> functions[] = {
      {"flatten", [](const Arrays& in) { return Arrays{flatten(in[0])}; }},
      {"reshape",
       [](const Arrays& in) {
         return Arrays{reshape(in[0], {-1, 2})};
       }},
      {"unflatten",
       [](const Arrays& in) {
         return Arrays{unflatten(in[0], 0, {2, -1})};
       }},
      {"expand_dims",
       [](const Arrays& in) {
         return Arrays{expand_dims(in[0], {0, 3})};
       }},
      {"squeeze", [](const Arrays& in) { return Arrays{squeeze(expand_dims(in[0], 1), 1)}; }},
      {"transpose", [](const Arrays& in) { return Arrays{transpose(in[0])}; }},
      {"rest",
       [](const Arrays& in) {
         return Arrays{slice(in[0], {0, 1}, in[0].shape())};
       }},
      {"last",
       [](const Arrays& in) {
         return Arrays{slice(in[0], {0, -2}, in[0].shape())};
       }},
      {"flip", [](const Arrays& in) { return Arrays{flip(in[0])}; }},
      {"roll",
       [](const Arrays& in) {
         return Arrays{roll(in[0], {1, -2}, {0, 1})};
       }},
      {"split", [](const Arrays& in) { return split(in[0], 2, 1); }},
      {"repeat", [](const Arrays& in) { return Arrays{repeat(in[0], 3, 1)}; }},
      {"tile",
       [](const Arrays& in) {
         return Arrays{tile(in[0], {2, 1, 2})};
       }},
      {"stack",
       [](const Arrays& in) {
         return Arrays{stack({in[0], in[0]}, 1)};
       }},
      {"pad",
       [](const Arrays& in) {
         return Arrays{pad(in[0], {{1, 2}, {0, 1}})};
       }},
      {"edge", [](const Arrays& in) { return Arrays{pad(in[0], 1, array(0), "edge")}; }},
      {"reflect", [](const Arrays& in) { return Arrays{pad(in[0], 1, array(0), "reflect")}; }},
      {"take",
       [](const Arrays& in) {
         return Arrays{take(in[0], array({1, 0}, int32), 0)};
       }},
      {"mean",
       [](const Arrays& in) {
         return Arrays{mean(in[0], 1), mean(in[0])};
       }},
      {"var", [](const Arrays& in) { return Arrays{var(in[0], 1, false, 1)}; }},
      {"zeros_like", [](const Arrays& in) { return Arrays{zeros_like(in[0])}; }},
      {"full_like", [](const Arrays& in) { return Arrays{full_like(in[0], array(3.0f))}; }},
      {"broadcast_to",
       [](const Arrays& in) {
         return Arrays{broadcast_to(in[0], {3, in[0].shape(0), in[0].shape(1)})};
       }},
      {"slice_update",
       [](const Arrays& in) {
         return Arrays{slice_update(in[0], array(1.0f), {0, 1}, in[0].shape())};
       }},
  };
  for (const auto& [name, function] : functions) expect_any_shape(name, function, matrices());
}

TEST(AnyShape, OfTwoArrays) {
  expect_any_shape("broadcast_arrays", [](const Arrays& in) { return broadcast_arrays(in); },
                   {{{3, 1}, {4}}, {{2, 5}, {5}}, {{7, 1}, {2}}, {{1, 3}, {1}}});
  expect_any_shape("multiply", [](const Arrays& in) { return Arrays{multiply(in[0], in[1])}; },
                   {{{3, 4}, {3, 4}}, {{2, 5}, {2, 1}}, {{1, 2}, {3, 1}}});
  expect_any_shape("concatenate", [](const Arrays& in) { return Arrays{concatenate(in, 1)}; },
                   {{{3, 4}, {3, 1}}, {{2, 5}, {2, 2}}});
}

TEST(AnyShape, OfGradients) {
  const auto gradient_of = [](ArrayFunction fun) {
    return [fun](const Arrays& in) { return vjp(fun, in, {fun(in)[0]}).second; };
  };
  expect_any_shape("broadcast",
                   gradient_of([](const Arrays& in) { return Arrays{add(in[0], in[1])}; }),
                   {{{3, 4}, {4}}, {{2, 5}, {5}}});
  expect_any_shape("slice", gradient_of([](const Arrays& in) {
                     return Arrays{slice(in[0], {1}, in[0].shape())};
                   }),
                   {{{4}}, {{7}}});
  expect_any_shape("flatten", gradient_of([](const Arrays& in) {
                     return Arrays{flatten(expand_dims(in[0], 2), 1, 2)};
                   }),
                   {{{4, 3}}, {{7, 2}}});
}

TEST(AnyShape, NamesWhatIsFixed) {
  const auto two_rows = compile(
      [](const Arrays& in) {
        return Arrays{reshape(in[0], {2, 3})};
      },
      true);
  two_rows({zeros({6})});
  EXPECT_THROW(two_rows({zeros({8})}), std::invalid_argument);
  const auto diagonal_of = compile([](const Arrays& in) { return Arrays{diagonal(in[0])}; }, true);
  diagonal_of({zeros({3, 3})});
  EXPECT_THROW(diagonal_of({zeros({4, 4})}), std::invalid_argument);
  const auto strided = compile(
      [](const Arrays& in) {
        return Arrays{as_strided(in[0], {3, 2}, {2, 1}, 0)};
      },
      true);
  strided({zeros({6})});
  EXPECT_THROW(strided({zeros({5})}), std::invalid_argument);
}

}  // namespace
}  // namespace quern::tests
