#include "models/weights/weight_reader.h"

#include <fmt/format.h>

#include "models/weights/checkpoint.h"
#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using tests::expect_error;
using tests::ModelFolder;

struct WeightReaderTest : testing::Test {
  ModelFolder folder;
  QuantizationConfig quantization;

  Weights open(const std::vector<ModelFolder::Tensor>& tensors) {
    folder.write_zeros("model.safetensors", tensors);
    return Checkpoint::open(folder.path()).weights();
  }
};

TEST_F(WeightReaderTest, GivesTensorsInTheDtypeThatWasAskedFor) {
  const Weights weights = open({{"a", "BF16", {2, 3}}, {"b", "U32", {4}}});
  WeightReader reader(weights, quantization, float32, folder.path());
  EXPECT_EQ(reader.take("a", {2, 3}).dtype(), float32);
  EXPECT_EQ(reader.take_as(uint32, "b", {4}).dtype(), uint32);
  EXPECT_NO_THROW(reader.finish({}));
}

TEST_F(WeightReaderTest, OneMessageNamesAllThatIsWrong) {
  const Weights weights =
      open({{"wrong.shape", "F32", {2, 3}}, {"wrong.type", "U32", {2}}, {"extra", "F32", {7, 8}}});
  WeightReader reader(weights, quantization, float32, folder.path());
  EXPECT_EQ(reader.take("missing", {5, 6}).shape(), (Shape{5, 6}));
  EXPECT_EQ(reader.take("wrong.shape", {3, 2}).shape(), (Shape{3, 2}));
  reader.take("wrong.type", {2});
  expect_error([&] { reader.finish({}); },
               {"[weights]", folder.path().c_str(), "1 tensor is missing: missing (5,6)",
                "2 tensors are of another shape or type",
                "wrong.shape is float32 (2,3), needed is a float (3,2)",
                "wrong.type is uint32 (2), needed is a float (2)",
                "1 tensor is not part of this model: extra (7,8)"});
}

TEST_F(WeightReaderTest, ManyAreCountedAndOnlySomeNamed) {
  const Weights weights = open({{"there", "F32", {1}}});
  WeightReader reader(weights, quantization, float32, folder.path());
  for (int i = 0; i < 40; ++i) reader.take(fmt::format("w{}", i), {1});
  try {
    reader.finish({"there"});
    FAIL();
  } catch (const ModelError& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("40 tensors are missing: w0"));
    EXPECT_THAT(e.what(), testing::Not(testing::HasSubstr("w20")));
  }
}

TEST_F(WeightReaderTest, KnownExtrasAreIgnored) {
  const Weights weights = open({{"layers.0.rotary_emb.inv_freq", "F32", {8}}});
  WeightReader reader(weights, quantization, float32, folder.path());
  EXPECT_NO_THROW(reader.finish({"rotary_emb.inv_freq"}));
  EXPECT_THROW(reader.finish({}), ModelError);
}

TEST_F(WeightReaderTest, AModuleIsQuantizedWhenItHasScales) {
  const Weights weights = open({{"a.scales", "F32", {1}}, {"b.weight", "F32", {1}}});
  quantization.global = Quantization{64, 4, "affine"};
  WeightReader reader(weights, quantization, float32, folder.path());
  EXPECT_EQ(reader.quantization("a"), quantization.global);
  EXPECT_EQ(reader.quantization("b"), std::nullopt);
  quantization.overrides["a"] = Quantization{32, 8, "affine"};
  EXPECT_EQ(reader.quantization("a")->bits, 8);
  quantization.overrides["a"] = std::nullopt;
  expect_error([&] { reader.quantization("a"); },
               {"[weights]", "a is quantized", "says that it is not"});
  quantization = {};
  expect_error([&] { reader.quantization("a"); }, {"a is quantized", "says nothing"});
}

}  // namespace
}  // namespace quern::models
