#include "models/weights/model_info.h"

#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using tests::ModelFolder;

TEST(ModelInfo, CountsWhatQuantizedWeightsStandFor) {
  const ModelFolder folder("tiny-chat");
  const ModelInfo info = read_model_info(folder.path());
  EXPECT_EQ(info.family, "Llama");
  EXPECT_EQ(info.dtype, "float32");
  EXPECT_EQ(info.quantization, (Quantization{64, 4, "affine"}));
  // 3 layers of width 128, 4 heads and 2 key-value heads of 32, an MLP of 256; 256 pieces.
  const int64_t matrices = 2 * 256 * 128 + 3 * (2 * 128 * 128 + 2 * 64 * 128 + 3 * 256 * 128);
  const int64_t norms = 7 * 128;
  EXPECT_EQ(info.parameters, matrices + norms);
  // 4 bits each, a scale and a bias of 32 bits per 64 weights, norms of 32 bits.
  EXPECT_EQ(info.weight_bytes, size_t(matrices / 2 + matrices / 64 * 8 + norms * 4));
  EXPECT_NEAR(info.bits_per_weight, 5.05, 0.01);
}

TEST(ModelInfo, TellsTheMemoryOfAContext) {
  const ModelFolder folder("tiny-chat");
  ModelInfo info = read_model_info(folder.path());
  EXPECT_EQ(info.cache_bytes_per_token(), 3u * 2 * 64 * sizeof(float));
  EXPECT_EQ(info.cache_bytes(100), 100u * info.cache_bytes_per_token());
  EXPECT_EQ(info.memory_to_run(100),
            info.weight_bytes + info.cache_bytes(100) + info.activation_bytes);

  folder.edit_json("config.json", [](auto& json) {
    json["model_type"] = "mistral";
    json["sliding_window"] = 64;
  });
  info = read_model_info(folder.path());
  EXPECT_EQ(info.cache_bytes(1000), 64u * info.cache_bytes_per_token());
}

TEST(ModelInfo, OfFloatsIsAsWideAsTheyAre) {
  const ModelFolder folder("tiny-chat");
  folder.edit_json("config.json", [](auto& json) {
    json.erase("quantization");
    json.erase("quantization_config");
  });
  folder.write_zeros("model.safetensors", {{"model.embed_tokens.weight", "BF16", {256, 128}}});
  const ModelInfo info = read_model_info(folder.path());
  EXPECT_EQ(info.dtype, "bfloat16");
  EXPECT_EQ(info.bits_per_weight, 16.0);
  EXPECT_EQ(info.cache_bytes_per_token(), 3u * 2 * 64 * 2);
}

TEST(ModelInfo, SaysWhatIsWrong) {
  const ModelFolder folder;
  tests::expect_error([&] { read_model_info(folder.path()); }, {"config.json", "no such file"});
}

}  // namespace
}  // namespace quern::models
