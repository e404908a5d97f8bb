// Linked into the programs that test kernels: QUERN_TEST_INSTRUCTION_SET=AVX2 (a name as Highway
// spells it) runs them as a processor would that has nothing better.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string_view>

#include "hwy/highway.h"

namespace quern::tests {
namespace {

class InstructionSet : public testing::Environment {
 public:
  void SetUp() override {
    const char* wanted = std::getenv("QUERN_TEST_INSTRUCTION_SET");
    if (!wanted) return;
    for (int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
      const int64_t target = left & -left;
      if (std::string_view(hwy::TargetName(target)) != wanted) continue;
      hwy::DisableTargets(target - 1);  // the better ones are the lower bits
      return;
    }
    std::cout << "This processor has no " << wanted << ".\n";
    GTEST_SKIP();
  }
};

const auto* const environment = testing::AddGlobalTestEnvironment(new InstructionSet);

}  // namespace
}  // namespace quern::tests
