#include "engine/io/streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "engine/io/npy.h"
#include "engine/io/safetensors.h"
#include "tests/engine/io/files.h"

namespace quern {
namespace {

/// A file in memory.
class Memory final : public io::Reader, public io::Writer {
 public:
  bool is_open() const override { return open; }
  bool good() const override { return fine; }
  size_t tell() override { return at; }
  void seek(int64_t offset, std::ios_base::seekdir way) override {
    at = size_t(offset) + (way == std::ios_base::end ? bytes.size() : 0);
  }
  void read(char* data, size_t n) override { read(data, n, std::exchange(at, at + n)); }
  void read(char* data, size_t n, size_t offset) override {
    std::memcpy(data, bytes.data() + offset, n);
  }
  void write(const char* data, size_t n) override {
    fine = bytes.size() + n <= room;
    if (fine) bytes.append(data, n);
  }
  std::string label() const override { return "memory"; }

  std::string bytes;
  size_t at = 0;
  size_t room = 1 << 20;
  bool open = true, fine = true;
};

TEST(Streams, ArraysGoToAndComeFromAnything) {
  const auto memory = std::make_shared<Memory>();
  memory->bytes = "before";
  save(std::shared_ptr<io::Writer>(memory), array({1.0f, 2.0f}));
  memory->at = 6;
  EXPECT_EQ(load(std::shared_ptr<io::Reader>(memory)).data<float>()[1], 2.0f);

  const auto other = std::make_shared<Memory>();
  save_safetensors(std::shared_ptr<io::Writer>(other), {{"x", array({3.0f})}}, {{"k", "v"}});
  auto [arrays, metadata] = load_safetensors(std::shared_ptr<io::Reader>(other));
  EXPECT_EQ(arrays.at("x").data<float>()[0], 3.0f);
  EXPECT_EQ(metadata.at("k"), "v");
}

TEST(Streams, FailuresNameThem) {
  const auto memory = std::make_shared<Memory>();
  const std::shared_ptr<io::Reader> reader = memory;
  const std::shared_ptr<io::Writer> writer = memory;
  EXPECT_THAT(tests::error_of([&] { load(reader); }), testing::HasSubstr("[load] memory"));
  EXPECT_THAT(tests::error_of([&] { load_safetensors(reader); }), testing::HasSubstr("memory"));
  memory->room = 20;
  EXPECT_EQ(tests::error_of([&] { save(writer, array({1.0f})); }), "[save] memory: writing failed");
  EXPECT_EQ(tests::error_of([&] { save(writer, array({1.0f})); }),
            "[save] memory: the writer is not open");
  memory->fine = true;
  memory->open = false;
  EXPECT_EQ(tests::error_of([&] { load(reader); }), "[load] memory: the reader is not open");
}

}  // namespace
}  // namespace quern
