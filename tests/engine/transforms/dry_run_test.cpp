#include "engine/transforms/dry_run.h"

#include <gtest/gtest.h>

#include "engine/backend/cpu/thread_pool.h"
#include "engine/graph/eval.h"
#include "engine/memory/memory.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/matmul.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/transforms/compile.h"

// Peaks that a dry run finds, against those of the run itself.

namespace quern::tests {
namespace {

using Function = std::function<Arrays(const Arrays&)>;

constexpr size_t megabyte = size_t(1) << 20;

/// The peak of compile(fun) over arrays of ones, beyond what there was before, in bytes.
size_t real_peak(const Function& fun, const std::vector<Shape>& shapes) {
  const size_t before = get_active_memory();
  Arrays in;
  for (const Shape& shape : shapes) in.push_back(ones(shape));
  eval(in);
  clear_cache();
  reset_peak_memory();
  eval(compile(fun)(in));
  return get_peak_memory() - before;
}

size_t dry_peak(const Function& fun, const std::vector<Shape>& shapes) {
  DryRun run;
  Arrays in;
  for (const Shape& shape : shapes) in.push_back(array::placeholder(shape, float32, 0));
  run.hold(in, "inputs");
  run.eval(run.compiled(fun, in, "constants"), {"results"});
  return run.peak();
}

void expect_same_peak(const Function& fun, const std::vector<Shape>& shapes) {
  const auto real = double(real_peak(fun, shapes)), dry = double(dry_peak(fun, shapes));
  EXPECT_NEAR(dry, real, 0.02 * real);
}

TEST(DryRun, SeesViewsAndArraysWrittenOver) {
  const Shape square{512, 512};  // a megabyte
  expect_same_peak([](const Arrays& in) { return Arrays{transpose(in[0])}; }, {square});
  expect_same_peak([](const Arrays& in) { return Arrays{reshape(transpose(in[0]), {-1})}; },
                   {square});
  expect_same_peak([](const Arrays& in) { return Arrays{sum(exp(sin(in[0])), 0)}; }, {square});
  expect_same_peak(
      [](const Arrays& in) {
        const array a = softmax(cos(in[0]), -1);
        return Arrays{sum(multiply(a, transpose(a)))};
      },
      {square});
}

/// All but the blocks that each thread has in its cache.
TEST(DryRun, SeesWhatAProductPacks) {
  const Function fun = [](const Arrays& in) { return Arrays{matmul(in[0], in[1])}; };
  const std::vector<Shape> shapes = {{4, 256, 1024}, {1024, 512}};
  const size_t real = real_peak(fun, shapes), dry = dry_peak(fun, shapes);
  EXPECT_EQ(dry, 12 * megabyte);  // operands 4 + 2, result 2, packed 4
  EXPECT_LE(dry, real);
  EXPECT_LT(real - dry, 3 * megabyte / 2 * size_t(cpu::ThreadPool::instance().size()));
}

TEST(DryRun, TellsWhatIsThereAtThePeak) {
  DryRun run;
  const array x = array::placeholder({512, 512}, float32, 0);
  run.hold({x}, "inputs");
  run.eval({sum(sin(x), 0)}, {"results"});
  EXPECT_EQ(run.peak(), 2 * megabyte + 512 * sizeof(float));
  size_t inputs = 0, others = 0;
  for (const DryRun::Block& block : run.at_peak())
    (block.label == "inputs" ? inputs : others) += block.bytes;
  EXPECT_EQ(inputs, megabyte);
  EXPECT_EQ(inputs + others, run.peak());
  EXPECT_LT(run.active(), megabyte + 8192);
}

TEST(DryRun, AGivenUpInputIsWrittenOver) {
  DryRun run;
  const array x = array::placeholder({512, 512}, float32, 0);
  run.hold({x}, "inputs");
  const array y = sin(x);
  run.release({x});
  run.eval({y}, {"results"});
  EXPECT_EQ(run.peak(), megabyte);
}

TEST(DryRun, WantsToKnowWhereAnInputIs) {
  DryRun run;
  EXPECT_THROW(run.eval({sin(array::placeholder({2}, float32, 0))}, {""}), std::invalid_argument);
}

}  // namespace
}  // namespace quern::tests
