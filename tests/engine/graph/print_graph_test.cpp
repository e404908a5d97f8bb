#include "engine/graph/print_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "engine/ops/arithmetic.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"

namespace quern {
namespace {

TEST(PrintGraph, ListsOperationsInTheOrderTheyRun) {
  const array x({1.0f, 2.0f}), y({3.0f, 4.0f});
  const array sum = x + y;
  std::ostringstream os;
  print_graph(os, sum * sum, negative(sum));
  EXPECT_EQ(os.str(),
            "Inputs: A, B\n"
            "Outputs: C, D\n"
            "Add A [(2), float32], B [(2), float32] -> E [(2), float32]\n"
            "Multiply E [(2), float32], E [(2), float32] -> C [(2), float32]\n"
            "Negative E [(2), float32] -> D [(2), float32]\n");
}

TEST(PrintGraph, UsesGivenNames) {
  const array x({1.0f, 2.0f});
  const array y = negative(x);
  NodeNamer namer;
  namer.set_name(x, "input");
  namer.set_name(y, "out\"put");
  std::ostringstream text, dot;
  print_graph(text, namer, {y});
  EXPECT_THAT(text.str(), testing::HasSubstr("Negative input [(2), float32] -> out\"put"));
  export_to_dot(dot, namer, {y});
  EXPECT_EQ(dot.str(),
            "digraph {\n"
            "  { rank=source; \"input\"; }\n"
            "  1 [label=\"Negative\", shape=rectangle];\n"
            "  \"input\" -> 1;\n"
            "  1 -> \"out\\\"put\";\n"
            "  { rank=sink; \"out\\\"put\"; }\n"
            "}\n");
}

TEST(PrintGraph, OperationsOfSeveralOutputsAppearOnce) {
  std::ostringstream os;
  const std::vector<array> parts = split(array({1.0f, 2.0f, 3.0f, 4.0f}), 2);
  export_to_dot(os, parts);
  EXPECT_THAT(os.str(), testing::HasSubstr("rank=sink"));
}

TEST(PrintGraph, WhatIsComputedIsAnInput) {
  array y = negative(array({1.0f}));
  y.eval();
  std::ostringstream os;
  print_graph(os, y);
  EXPECT_EQ(os.str(), "Inputs: A\nOutputs: A\n");
}

TEST(PrintGraph, NamesGoOnAfterZ) {
  NodeNamer namer;
  std::vector<array> arrays;
  for (int i = 0; i < 26 + 26 * 26 + 1; ++i) arrays.emplace_back(1.0f);
  std::vector<std::string> names;
  for (const array& a : arrays) names.push_back(namer.get_name(a));
  EXPECT_EQ(names[0], "A");
  EXPECT_EQ(names[25], "Z");
  EXPECT_EQ(names[26], "AA");
  EXPECT_EQ(names[27], "AB");
  EXPECT_EQ(names[26 + 26 * 26], "AAA");
  EXPECT_EQ(namer.get_name(arrays[3]), "D");
}

TEST(PrintGraph, LongChainsDoNotRecurse) {
  array x(1.0f);
  for (int i = 0; i < 100'000; ++i) x = negative(x);
  std::ostringstream os;
  print_graph(os, x);
  EXPECT_GT(os.str().size(), 1'000'000u);
}

}  // namespace
}  // namespace quern
