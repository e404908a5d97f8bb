#include "engine/io/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/graph/eval.h"
#include "engine/io/gguf_blocks.h"
#include "engine/io/gguf_repack.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/quantized.h"
#include "engine/ops/shape.h"
#include "tests/engine/io/files.h"
#include "tests/fixtures.h"

namespace quern {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using tests::bytes_of;
using tests::error_of;

std::string text(const std::string& s) { return bytes_of(uint64_t(s.size())) + s; }

/// A tensor's entry in the header; the lengths are in the file's order, innermost first.
std::string info(const std::string& name, const std::vector<uint64_t>& lengths, uint32_t type,
                 uint64_t offset) {
  std::string out = text(name) + bytes_of(uint32_t(lengths.size()));
  for (const uint64_t length : lengths) out += bytes_of(length);
  return out + bytes_of(type, offset);
}

class GGUF : public testing::Test {
 protected:
  void write(const std::string& bytes) { tests::write_file(path_, bytes); }

  /// A file of these entries, padded to 32, and data.
  void write(const std::vector<std::string>& metadata, const std::vector<std::string>& tensors,
             const std::string& data) {
    std::string out =
        "GGUF" + bytes_of(uint32_t(3), uint64_t(tensors.size()), uint64_t(metadata.size()));
    for (const std::string& entry : metadata) out += entry;
    for (const std::string& entry : tensors) out += entry;
    out.resize((out.size() + 31) / 32 * 32);
    write(out + data);
  }

  std::string load_error() {
    return error_of([&] { load_gguf(path_); });
  }

  tests::TemporaryFolder folder_;
  const std::string path_ = (folder_.path() / "a.gguf").string();
};

template <typename T>
std::vector<T> values(const array& a) {
  array dense = contiguous(a);
  dense.eval();
  return {dense.data<T>(), dense.data<T>() + dense.size()};
}

TEST_F(GGUF, ReadsMetadataOfEveryKind) {
  write({text("u8") + bytes_of(uint32_t(0), uint8_t(200)),
         text("i16") + bytes_of(uint32_t(3), int16_t(-5)),
         text("f32") + bytes_of(uint32_t(6), 1.5f), text("yes") + bytes_of(uint32_t(7), uint8_t(1)),
         text("name") + bytes_of(uint32_t(8)) + text("quern"),
         text("u64") + bytes_of(uint32_t(10), uint64_t(1) << 40),
         text("f64") + bytes_of(uint32_t(12), 0.1),
         text("list") + bytes_of(uint32_t(9), uint32_t(5), uint64_t(2), 7, -8),
         text("words") + bytes_of(uint32_t(9), uint32_t(8), uint64_t(2)) + text("a") + text(""),
         text("nested") + bytes_of(uint32_t(9), uint32_t(9), uint64_t(1), uint32_t(0), uint64_t(2),
                                   uint8_t(1), uint8_t(2))},
        {}, "");
  auto metadata = load_gguf(path_).second;
  const auto number = [&](const char* key) { return std::get<array>(metadata.at(key)); };
  EXPECT_EQ(number("u8").dtype(), uint8);
  EXPECT_EQ(number("u8").item<int>(), 200);
  EXPECT_EQ(number("i16").item<int>(), -5);
  EXPECT_EQ(number("f32").item<float>(), 1.5f);
  EXPECT_EQ(number("yes").dtype(), bool_);
  EXPECT_EQ(std::get<std::string>(metadata.at("name")), "quern");
  EXPECT_EQ(number("u64").item<uint64_t>(), uint64_t(1) << 40);
  EXPECT_EQ(number("f64").item<double>(), 0.1);
  EXPECT_EQ(values<int>(number("list")), (std::vector<int>{7, -8}));
  EXPECT_EQ(std::get<std::vector<std::string>>(metadata.at("words")),
            (std::vector<std::string>{"a", ""}));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(metadata.at("nested")));
}

TEST_F(GGUF, ReadsPlainTensorsWithTheirAxesTurnedRound) {
  write({}, {info("a", {3, 2}, 0, 0), info("b", {2}, 30, 32), info("c", {}, 28, 64)},
        bytes_of(0.f, 1.f, 2.f, 3.f, 4.f, 5.f) + std::string(8, 0) +
            bytes_of(uint16_t(0x3f80), uint16_t(0xc000)) + std::string(28, 0) + bytes_of(2.5));
  auto arrays = load_gguf(path_).first;
  EXPECT_EQ(arrays.at("a").shape(), (Shape{2, 3}));
  EXPECT_EQ(values<float>(arrays.at("a")), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(arrays.at("b").dtype(), bfloat16);
  EXPECT_EQ(values<float>(astype(arrays.at("b"), float32)), (std::vector<float>{1, -2}));
  EXPECT_EQ(arrays.at("c").item<double>(), 2.5);
}

/// Blocks whose bytes count up, with the float16 scale 0.5 and, in Q4_1, the minimum -2.
std::string blocks_of(const GGUFType& type, size_t count) {
  std::string out;
  for (size_t b = 0; b < count; ++b) {
    std::string block;
    for (uint32_t i = 0; i < type.block_bytes; ++i) block += char(i * 37 + b * 11);
    block.replace(0, 2, bytes_of(uint16_t(0x3800)));
    if (type.name == "Q4_1") block.replace(2, 2, bytes_of(uint16_t(0xc000)));
    out += block;
  }
  return out;
}

TEST_F(GGUF, SimpleBlocksBecomeAffineWeightsOfTheSameValue) {
  for (const uint32_t id : {2u, 3u, 8u}) {
    const GGUFType& type = *find_gguf_type(id);
    const std::string blocks = blocks_of(type, 6);
    write({}, {info("layer.weight", {96, 2}, id, 0)}, blocks);
    auto arrays = load_gguf(path_).first;
    ASSERT_EQ(arrays.size(), 3u);
    EXPECT_EQ(arrays.at("layer.weight").shape(),
              (Shape{2, 96 * find_gguf_repacking(type.id)->bits / 32}));
    EXPECT_EQ(arrays.at("layer.weight").dtype(), uint32);
    EXPECT_EQ(arrays.at("layer.scales").shape(), (Shape{2, 3}));
    std::vector<float> want(2 * 96);
    for (size_t b = 0; b < 6; ++b) {
      type.decode(reinterpret_cast<const uint8_t*>(blocks.data()) + b * type.block_bytes,
                  want.data() + 32 * b);
    }
    EXPECT_EQ(values<float>(dequantize(
                  arrays.at("layer.weight"), arrays.at("layer.scales"), arrays.at("layer.biases"),
                  32, find_gguf_repacking(type.id)->bits, "affine", std::nullopt, float32)),
              want)
        << type.name;
  }
  write({}, {info("odd", {32}, 2, 0)}, blocks_of(*find_gguf_type(2), 1));
  EXPECT_TRUE(load_gguf(path_).first.contains("odd.scales"));
}

TEST_F(GGUF, OtherBlocksAreDequantizedToFloat16) {
  const GGUFType& type = *find_gguf_type(6);
  const std::string blocks = blocks_of(type, 300);
  write({}, {info("w", {32, 300}, 6, 0)}, blocks);
  const array w = load_gguf(path_).first.at("w");
  EXPECT_EQ(w.shape(), (Shape{300, 32}));
  EXPECT_EQ(w.dtype(), float16);
  const std::vector<float> got = values<float>(astype(w, float32));
  std::vector<float> want(32);
  for (size_t b = 0; b < 300; ++b) {
    type.decode(reinterpret_cast<const uint8_t*>(blocks.data()) + b * type.block_bytes,
                want.data());
    EXPECT_TRUE(std::equal(want.begin(), want.end(), got.begin() + long(32 * b))) << b;
  }
}

TEST_F(GGUF, WhatIsSavedIsRead) {
  const std::unordered_map<std::string, array> arrays = {
      {"f16", astype(array({1.0f, 2.0f, 3.0f}), float16)},
      {"bf16", astype(tests::array_of({1.0f, -2.0f}, {2, 1}), bfloat16)},
      {"f64", tests::array_of({1.0f, 2.0f}, {2}, float64)},
      {"i8", tests::array_of({1, 2, 3}, {3}, int8)},
      {"i64", array(7, int64)},
      {"turned", transpose(tests::array_of({1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f}, {2, 3}))},
      {"empty", tests::array_of({}, {0}, float32)}};
  save_gguf((folder_.path() / "b").string(), arrays,
            {{"general.alignment", array(64, uint32)},
             {"text", std::string("hello")},
             {"words", std::vector<std::string>{"a", "b"}},
             {"half", tests::array_of({1.5f, 2.5f}, {2}, float16)},
             {"yes", array(true)}});
  auto [back, metadata] = load_gguf((folder_.path() / "b.gguf").string());
  ASSERT_EQ(back.size(), arrays.size());
  for (const auto& [name, a] : arrays) {
    EXPECT_EQ(back.at(name).dtype(), a.dtype()) << name;
    EXPECT_EQ(back.at(name).shape(), a.shape()) << name;
    EXPECT_TRUE(array_equal(back.at(name), a).item<bool>()) << name;
  }
  EXPECT_EQ(back.at("turned").byte_offset() % 64, 0u);
  EXPECT_EQ(std::get<std::string>(metadata.at("text")), "hello");
  EXPECT_EQ(std::get<std::vector<std::string>>(metadata.at("words")).size(), 2u);
  EXPECT_EQ(values<float>(std::get<array>(metadata.at("half"))), (std::vector<float>{1.5, 2.5}));
  EXPECT_TRUE(std::get<array>(metadata.at("yes")).item<bool>());
}

TEST_F(GGUF, WhatCannotBeSavedIsNamed) {
  EXPECT_THAT(error_of([&] {
                save_gguf(path_, {{"w", tests::array_of({1}, {1}, uint32)}});
              }),
              AllOf(HasSubstr("[save_gguf]"), HasSubstr("tensor w"), HasSubstr("uint32")));
  EXPECT_THAT(error_of([&] {
                save_gguf(path_, {}, {{"key", std::monostate()}});
              }),
              HasSubstr("metadata key"));
  EXPECT_THAT(error_of([&] {
                save_gguf(path_, {}, {{"key", tests::array_of({1, 2}, {1, 2}, int32)}});
              }),
              AllOf(HasSubstr("metadata key"), HasSubstr("(1,2)")));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(GGUF, ErrorsNameTheTensorOrTheKeyAndTheNumbers) {
  const auto error = [&](const std::vector<std::string>& metadata,
                         const std::vector<std::string>& tensors, const std::string& data) {
    write(metadata, tensors, data);
    return load_error();
  };
  write("GGML");
  EXPECT_THAT(load_error(), AllOf(HasSubstr("[load_gguf]"), HasSubstr(path_), HasSubstr("GGUF")));
  write("GGUF" + bytes_of(1u, uint64_t(0), uint64_t(0)));
  EXPECT_THAT(load_error(), HasSubstr("version is 1"));
  write("GGUF" + bytes_of(0x03000000u, uint64_t(0), uint64_t(0)));
  EXPECT_THAT(load_error(), HasSubstr("big-endian"));
  write("GGUF" + bytes_of(3u, UINT64_MAX, uint64_t(1) << 60));
  EXPECT_THAT(load_error(), HasSubstr("18446744073709551615 tensors"));
  write("GGUF" + bytes_of(3u, uint64_t(0), uint64_t(1)) + bytes_of(UINT64_MAX) + "12345");
  EXPECT_THAT(load_error(), HasSubstr("18446744073709551615 bytes"));
  EXPECT_THAT(error({text("k") + bytes_of(uint32_t(9), uint32_t(5), uint64_t(1) << 62)}, {}, ""),
              HasSubstr("metadata k"));
  EXPECT_THAT(error({text("k") + bytes_of(uint32_t(9), uint32_t(8), uint64_t(1) << 62)}, {}, ""),
              HasSubstr("4611686018427387904 strings"));
  EXPECT_THAT(error({text("k") + bytes_of(uint32_t(13), uint64_t(0))}, {}, ""),
              HasSubstr("unknown type 13"));
  EXPECT_THAT(error({text("k") + bytes_of(uint32_t(7), uint8_t(2))}, {}, ""),
              HasSubstr("truth value 2"));
  EXPECT_THAT(error({text("general.alignment") + bytes_of(uint32_t(4), 3u)}, {}, ""),
              HasSubstr("general.alignment is 3"));
  std::string deep = text("deep") + bytes_of(uint32_t(9));
  for (int i = 0; i < 20; ++i) deep += bytes_of(uint32_t(9), uint64_t(1));
  EXPECT_THAT(error({deep}, {}, ""), HasSubstr("nests deeper than 8"));

  EXPECT_THAT(error({}, {info("w", {2}, 0, 0)}, "1234"),
              AllOf(HasSubstr("tensor w"), HasSubstr("bytes 0 to 8"), HasSubstr("4 are there")));
  EXPECT_THAT(error({}, {info("w", {1}, 0, 4)}, "12345678"),
              HasSubstr("multiple of the alignment"));
  EXPECT_THAT(error({}, {info("w", {1}, 0, UINT64_MAX - 31)}, "1234"), HasSubstr("tensor w"));
  EXPECT_THAT(error({}, {info("w", {1}, 4, 0)}, "1234"), HasSubstr("unknown type 4"));
  EXPECT_THAT(error({}, {info("w", {256}, 16, 0)}, std::string(66, 0)),
              AllOf(HasSubstr("tensor w"), HasSubstr("IQ2_XXS")));
  EXPECT_THAT(error({}, {info("w", {33}, 2, 0)}, "1234"), HasSubstr("33 elements"));
  EXPECT_THAT(error({}, {info("w", {uint64_t(1) << 40}, 0, 0)}, "1234"),
              HasSubstr("1099511627776"));
  EXPECT_THAT(error({}, {info("w", {INT32_MAX, INT32_MAX, INT32_MAX}, 28, 0)}, "1234"),
              HasSubstr("tensor w"));
  EXPECT_THAT(error({}, {info("w", std::vector<uint64_t>(9, 1), 0, 0)}, "1234"),
              HasSubstr("9 axes"));
  EXPECT_THAT(error({}, {info("w", {1}, 0, 0), info("w", {1}, 0, 0)}, "1234"), HasSubstr("twice"));
  EXPECT_THAT(error({}, {info("w", {32}, 2, 0), info("w.scales", {1}, 0, 32)}, std::string(64, 0)),
              HasSubstr("twice"));
}

TEST_F(GGUF, DamagedFilesThrowOrAreRead) {
  write({text("name") + bytes_of(uint32_t(8)) + text("quern"),
         text("list") + bytes_of(uint32_t(9), uint32_t(5), uint64_t(2), 7, -8),
         text("words") + bytes_of(uint32_t(9), uint32_t(8), uint64_t(1)) + text("a")},
        {info("a", {3, 2}, 0, 0), info("q", {32}, 2, 32), info("k", {32}, 6, 64)},
        std::string(96, '\1'));
  tests::expect_survives_damage(path_, tests::read_file(path_), [&] {
    for (const auto& [name, a] : load_gguf(path_).first) eval(contiguous(a));
  });
}

TEST_F(GGUF, AFullDiskLeavesTheOldFile) {
  save_gguf(path_, {{"x", array({1.0f})}});
  tests::expect_full_disk_leaves(path_, [&] { save_gguf(path_, {{"x", array({2.0f, 3.0f})}}); });
}

TEST_F(GGUF, ReadsPublishedVocabularies) {
  QUERN_NEEDS_FIXTURES("gguf");
  const std::filesystem::path folder = tests::fixtures_folder() / "gguf";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".gguf") continue;
    ++files;
    const auto [arrays, metadata] = load_gguf(entry.path().string());
    EXPECT_TRUE(arrays.empty());
    const auto& tokens = std::get<std::vector<std::string>>(metadata.at("tokenizer.ggml.tokens"));
    const array& types = std::get<array>(metadata.at("tokenizer.ggml.token_type"));
    EXPECT_EQ(tokens.size(), types.size()) << entry.path();
    EXPECT_GT(tokens.size(), 30'000u) << entry.path();

    // What is written again says the same.
    std::unordered_map<std::string, GGUFMetaData> again = metadata;
    save_gguf(path_, {}, again);
    const auto written = load_gguf(path_).second;
    ASSERT_EQ(written.size(), metadata.size());
    EXPECT_EQ(std::get<std::vector<std::string>>(written.at("tokenizer.ggml.tokens")), tokens);
  }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace quern
