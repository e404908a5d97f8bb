#include "engine/io/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "engine/graph/eval.h"
#include "engine/memory/memory.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/shape.h"
#include "tests/engine/io/files.h"

namespace quern {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string file_bytes(const std::string& header, const std::string& data) {
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

class Safetensors : public testing::Test {
 protected:
  std::string write(const std::string& bytes) {
    const std::string path = (folder_.path() / "model.safetensors").string();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  std::string error_of(const std::string& bytes) {
    try {
      SafetensorsFile file(write(bytes));
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return "no error";
  }

  tests::TemporaryFolder folder_;
};

TEST_F(Safetensors, ReadsWhatThePublishedLayoutSays) {
  // Two tensors, the second misaligned for its type; bytes written by hand.
  const std::string path = write(file_bytes(
      R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
      R"("b":{"dtype":"I16","shape":[1,2],"data_offsets":[3,7]},"__metadata__":{"k":"v"}})",
      std::string("\x01\x02\x03\x34\x12\xff\xff", 7)));
  const SafetensorsFile file(path);
  EXPECT_EQ(file.metadata().at("k"), "v");
  array b = file.load("b");
  b.eval();
  EXPECT_EQ(b.shape(), (Shape{1, 2}));
  EXPECT_EQ(b.data<int16_t>()[0], 0x1234);
  EXPECT_EQ(b.data<int16_t>()[1], -1);
  EXPECT_EQ(file.load("a").data<uint8_t>()[2], 3);
  EXPECT_THROW(file.load("c"), std::out_of_range);
}

TEST_F(Safetensors, NoMetadataMayBeWrittenAsNull) {
  const std::string path = write(file_bytes(R"({"__metadata__":null})", ""));
  EXPECT_TRUE(SafetensorsFile(path).metadata().empty());
}

TEST_F(Safetensors, WhatIsSavedIsRead) {
  const std::string path = (folder_.path() / "saved").string();
  save_safetensors(
      path, {{"x", tests::array_of({1.5f, -2.0f}, {2, 1})}, {"flags", array({true, false, true})}},
      {{"format", "quern"}});
  auto [arrays, metadata] = load_safetensors(path + ".safetensors");
  EXPECT_EQ(metadata["format"], "quern");
  EXPECT_EQ(arrays.at("x").shape(), (Shape{2, 1}));
  EXPECT_EQ(arrays.at("x").data<float>()[1], -2.0f);
  EXPECT_EQ(arrays.at("flags").dtype(), bool_);
  EXPECT_TRUE(arrays.at("flags").data<bool>()[2]);
}

TEST_F(Safetensors, TensorsOutliveTheFileObject) {
  const std::string path = write(file_bytes(
      R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", std::string("\x07\x08", 2)));
  const array a = SafetensorsFile(path).load("a");
  EXPECT_EQ(a.data<uint8_t>()[1], 8);
}

TEST_F(Safetensors, ErrorsNameTheFileTheTensorAndTheNumbers) {
  EXPECT_THAT(error_of("abc"), AllOf(HasSubstr("model.safetensors"), HasSubstr("3 bytes")));
  EXPECT_THAT(error_of(std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8)),
              HasSubstr("at most 100000000"));
  EXPECT_THAT(error_of(file_bytes("{}", "").substr(0, 9)), HasSubstr("only 1 follow"));
  EXPECT_THAT(error_of(file_bytes("[1]", "")), HasSubstr("not a JSON object"));
  EXPECT_THAT(
      error_of(file_bytes(R"({"w":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}})", "1234")),
      AllOf(HasSubstr("tensor w"), HasSubstr("F31")));
  EXPECT_THAT(
      error_of(file_bytes(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "1234")),
      AllOf(HasSubstr("bytes 0 to 8"), HasSubstr("4 are there")));
  EXPECT_THAT(
      error_of(file_bytes(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "1234")),
      AllOf(HasSubstr("has 4 bytes"), HasSubstr("needs 8")));
  EXPECT_THAT(
      error_of(file_bytes(R"({"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234")),
      HasSubstr("[-1]"));
  EXPECT_THAT(error_of(file_bytes(
                  R"({"w":{"dtype":"U8","shape":[4294967297,0],"data_offsets":[0,0]}})", "")),
              HasSubstr("4294967297"));
  EXPECT_THAT(error_of(file_bytes(R"({"w":{"dtype":"F32","shape":[1]}})", "1234")),
              HasSubstr("data_offsets"));
}

TEST_F(Safetensors, DamagedFilesThrowOrAreRead) {
  const std::string path = write(file_bytes(
      R"({"a":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"I16","shape":[2],"data_offsets":[3,7]}})",
      "1234567"));
  tests::expect_survives_damage(path, tests::read_file(path), [&] {
    for (const auto& [name, a] : load_safetensors(path).first) eval(contiguous(a));
  });
}

TEST_F(Safetensors, EveryDtypeAndTheEightBitFloats) {
  for (int i = 0; i < number_of_dtypes; ++i) {
    const Dtype dtype = to_dtype(Dtype::Val(i));
    const array a = astype(tests::array_of({0, 1, 5, 1, 0, 2}, {2, 3}, int32), dtype);
    const std::string path = (folder_.path() / "all.safetensors").string();
    save_safetensors(path, {{"a", a}});
    const array back = load_safetensors(path).first.at("a");
    EXPECT_EQ(back.dtype(), dtype);
    EXPECT_TRUE(array_equal(back, a).item<bool>()) << dtype;
  }
  for (const std::string type : {"F8_E4M3", "F8_E5M2", "F8_E8M0"}) {
    const SafetensorsFile file(write(file_bytes(
        R"({"a":{"dtype":")" + type + R"(","shape":[2],"data_offsets":[0,2]}})", "\x7e\x01")));
    EXPECT_EQ(file.load("a").dtype(), uint8);
    EXPECT_EQ(file.load("a").data<uint8_t>()[0], 0x7e);
  }
}

TEST_F(Safetensors, MoreThanFitsIntoMemoryCanBeWritten) {
  const std::string path = (folder_.path() / "large.safetensors").string();
  std::unordered_map<std::string, array> arrays;
  for (int i = 0; i < 8; ++i) {
    arrays.emplace(std::to_string(i), contiguous(broadcast_to(array(float(i)), {1 << 20})));
  }
  clear_cache();
  const size_t limit = set_memory_limit(get_active_memory() + (size_t(10) << 20));
  save_safetensors(path, std::move(arrays));
  set_memory_limit(limit);
  EXPECT_EQ(load_safetensors(path).first.at("7").data<float>()[1 << 19], 7.0f);
}

TEST_F(Safetensors, NamesThatTheFormatHasNoRoomForAreRefused) {
  const std::string path = (folder_.path() / "names.safetensors").string();
  EXPECT_THROW(save_safetensors(path, {{"__metadata__", array(1.0f)}}), std::invalid_argument);
  EXPECT_THROW(save_safetensors(path, {{"\xff", array(1.0f)}}), std::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Safetensors, AFullDiskLeavesTheOldFile) {
  const std::string path = (folder_.path() / "kept.safetensors").string();
  save_safetensors(path, {{"x", array({1.0f})}});
  tests::expect_full_disk_leaves(path, [&] { save_safetensors(path, {{"x", array({2.0f})}}); });
}

TEST_F(Safetensors, AFailedSaveLeavesTheOldFileAndNothingBeside) {
  const std::string path = (folder_.path() / "kept.safetensors").string();
  save_safetensors(path, {{"x", array({1.0f})}});
  const array failing = contiguous(broadcast_to(array(1.0f), {1 << 24}));
  const size_t limit = set_memory_limit(get_active_memory() + 1000);
  EXPECT_THROW(save_safetensors(path, {{"x", failing}}), OutOfMemory);
  set_memory_limit(limit);
  EXPECT_EQ(load_safetensors(path).first.at("x").size(), 1u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(Safetensors, AnUnwritableFolderIsNamed) {
  try {
    save_safetensors("/proc/nowhere/x.safetensors", {{"x", array({1.0f})}});
    FAIL() << "no error";
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("/proc/nowhere/x.safetensors"));
  }
}

}  // namespace
}  // namespace quern
