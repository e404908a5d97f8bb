#include "models/weights/checkpoint.h"

#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using tests::expect_error;
using tests::ModelFolder;
using Json = nlohmann::json;

void write_index(const ModelFolder& folder, const Json& weight_map) {
  folder.write("model.safetensors.index.json", Json{{"weight_map", weight_map}}.dump());
}

TEST(Checkpoint, ReadsASingleFile) {
  ModelFolder folder;
  folder.write_zeros("model.safetensors", {{"a", "F32", {2, 3}}, {"b", "BF16", {4}}});
  const Checkpoint checkpoint = Checkpoint::open(folder.path());
  EXPECT_EQ(checkpoint.names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(nbytes(checkpoint.weights()), 2u * 3 * 4 + 4 * 2);
  EXPECT_EQ(checkpoint.find("a")->shape, (Shape{2, 3}));
  EXPECT_EQ(checkpoint.load("b").dtype(), bfloat16);
  EXPECT_EQ(checkpoint.find("c"), nullptr);
}

TEST(Checkpoint, ReadsShardsWithAndWithoutAnIndex) {
  ModelFolder folder;
  folder.write_zeros("model-00001-of-00002.safetensors", {{"a", "F32", {2}}});
  folder.write_zeros("model-00002-of-00002.safetensors", {{"b", "F32", {3}}});
  EXPECT_EQ(Checkpoint::open(folder.path()).names().size(), 2u);
  write_index(folder, {{"a", "model-00001-of-00002.safetensors"},
                       {"b", "model-00002-of-00002.safetensors"}});
  EXPECT_EQ(Checkpoint::open(folder.path()).load("b").shape(), (Shape{3}));
}

TEST(Checkpoint, NamesWhatIsNotThere) {
  ModelFolder folder;
  expect_error([&] { Checkpoint::open(folder.path()); }, {"[weights]", "no weights"});
  expect_error([&] { Checkpoint::open(folder.path() / "nowhere"); }, {"nowhere", "not a folder"});
  folder.write_zeros("model-00001-of-00003.safetensors", {{"a", "F32", {2}}});
  write_index(folder, {{"a", "model-00001-of-00003.safetensors"},
                       {"b", "model-00002-of-00003.safetensors"},
                       {"c", "model-00003-of-00003.safetensors"}});
  expect_error([&] { Checkpoint::open(folder.path()); },
               {"2 of 3 weight files", "model-00002-of-00003", "model-00003-of-00003"});
}

TEST(Checkpoint, NamesTensorsThatTheIndexPromisesInVain) {
  ModelFolder folder;
  folder.write_zeros("model-1.safetensors", {{"a", "F32", {2}}});
  write_index(folder, {{"a", "model-1.safetensors"}, {"b", "model-1.safetensors"}});
  expect_error([&] { Checkpoint::open(folder.path()); }, {"index.json", "b (model-1.safetensors)"});
}

TEST(Checkpoint, NamesATensorThatIsThereTwice) {
  ModelFolder folder;
  folder.write_zeros("model-1.safetensors", {{"a", "F32", {2}}});
  folder.write_zeros("model-2.safetensors", {{"a", "F32", {2}}});
  expect_error([&] { Checkpoint::open(folder.path()); },
               {"model-2.safetensors", "holds a", "model-1.safetensors"});
}

TEST(Checkpoint, PicklesAreRefusedWithTheReason) {
  ModelFolder folder;
  folder.write("pytorch_model.bin", "PK");
  expect_error([&] { Checkpoint::open(folder.path()); },
               {"pytorch_model.bin", "PyTorch pickle", "program"});
}

TEST(Checkpoint, AnIndexMustNotLeadOutOfTheFolder) {
  ModelFolder folder;
  for (const char* shard : {"../model.bin", "/etc/passwd", "", "sub/model.safetensors"}) {
    write_index(folder, {{"a", shard}});
    expect_error([&] { Checkpoint::open(folder.path()); }, {"weight_map", "not a file name"});
  }
  folder.write("model.safetensors.index.json", "{}");
  expect_error([&] { Checkpoint::open(folder.path()); }, {"weight_map is not an object"});
  folder.write("model.safetensors.index.json", "{");
  expect_error([&] { Checkpoint::open(folder.path()); }, {"[weights]", "index.json", "line 1"});
}

TEST(Checkpoint, ADamagedFileIsNamedWithItsNumbers) {
  ModelFolder folder;
  const auto opens = [&] { Checkpoint::open(folder.path()); };
  folder.write("model.safetensors", "short");
  expect_error(opens, {"model.safetensors", "5 bytes"});
  folder.write("model.safetensors", std::string("\xff\xff\xff\xff\xff\xff\xff\x7f", 8) + "{}");
  expect_error(opens, {"model.safetensors", "9223372036854775807"});
  folder.write("model.safetensors", ModelFolder::with_length(std::string(40, '{')));
  expect_error(opens, {"model.safetensors", "JSON"});

  const auto tensor = [&](const Json& entry) {
    folder.write("model.safetensors",
                 ModelFolder::with_length(Json{{"w", entry}}.dump()) + std::string(16, '\0'));
  };
  tensor({{"dtype", "F32"}, {"shape", {2, 2}}, {"data_offsets", {0, 20}}});
  expect_error(opens, {"w", "0 to 20", "16"});
  tensor({{"dtype", "F32"}, {"shape", {2, 3}}, {"data_offsets", {0, 16}}});
  expect_error(opens, {"w", "16 bytes", "24"});
  tensor({{"dtype", "Q4"}, {"shape", {4}}, {"data_offsets", {0, 16}}});
  expect_error(opens, {"w", "Q4"});
  tensor({{"dtype", "F32"}, {"shape", {-4}}, {"data_offsets", {0, 16}}});
  expect_error(opens, {"w", "-4"});
}

}  // namespace
}  // namespace quern::models
