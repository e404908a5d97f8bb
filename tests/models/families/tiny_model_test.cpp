#include "tests/models/families/tiny_model.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "tests/models/families/llama_reference.h"

namespace quern::tests {
namespace {

TEST(TinyModel, LlamaIsAsTheReferenceHasIt) {
  const TinyModel model(llama_config("llama"), llama_tensors());
  expect_reference(model, LlamaReference(model));
}

TEST(TinyModel, TheReferenceTellsModelsApart) {
  const TinyModel model(llama_config("llama"), llama_tensors());
  const std::vector<int32_t> tokens = model.tokens(24);
  const reference::Matrix expected = LlamaReference(model, {}, 5000).logits(tokens);
  EXPECT_NONFATAL_FAILURE(expect_near(model.logits(tokens), expected), "row");
}

}  // namespace
}  // namespace quern::tests
