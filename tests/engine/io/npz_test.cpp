#include "engine/io/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/graph/eval.h"
#include "engine/io/atomic_file.h"
#include "engine/io/mapped_file.h"
#include "engine/io/zip.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/shape.h"
#include "tests/engine/io/files.h"

namespace quern {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using tests::bytes_of;
using tests::error_of;

class Npz : public testing::Test {
 protected:
  void load_all() {
    for (const auto& [name, a] : load_npz(path_)) eval(contiguous(a));
  }
  std::string load_error() {
    return error_of([&] { load_all(); });
  }

  tests::TemporaryFolder folder_;
  const std::string path_ = (folder_.path() / "a.npz").string();
};

/// What Python's numpy 1.24 wrote for savez_compressed(x=np.arange(3, dtype=np.uint8)), and the
/// same by savez, as far as they differ: local header with a 64-bit field, contents, directory.
std::string zip_of_one(uint16_t method, uint32_t checksum, const std::string& contents,
                       uint32_t size) {
  const std::string name = "x.npy";
  const std::string zip64 =
      bytes_of(uint16_t(1), uint16_t(16), uint64_t(size), uint64_t(contents.size()));
  const std::string local =
      bytes_of(0x04034b50, uint16_t(45), uint16_t(0), method, uint16_t(0), uint16_t(33), checksum,
               UINT32_MAX, UINT32_MAX, uint16_t(5), uint16_t(20)) +
      name + zip64 + contents;
  const std::string directory =
      bytes_of(0x02014b50, uint16_t(45), uint16_t(45), uint16_t(0), method, uint16_t(0),
               uint16_t(33), checksum, uint32_t(contents.size()), size, uint16_t(5), uint16_t(0),
               uint16_t(0), uint16_t(0), uint16_t(0), uint32_t(0), uint32_t(0)) +
      name;
  return local + directory +
         bytes_of(0x06054b50, uint16_t(0), uint16_t(0), uint16_t(1), uint16_t(1),
                  uint32_t(directory.size()), uint32_t(local.size()), uint16_t(0));
}

/// A .npy file of the bytes 0, 1, 2.
std::string three_bytes() {
  const std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}\n";
  return std::string("\x93NUMPY\x01\x00", 8) + bytes_of(uint16_t(header.size())) + header +
         std::string("\0\1\2", 3);
}

/// CRC-32 bit by bit, as its polynomial says.
uint32_t crc32_of(const std::string& bytes) {
  uint32_t crc = UINT32_MAX;
  for (const char c : bytes) {
    crc ^= uint8_t(c);
    for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

/// Deflate's stored block: the only kind that needs no compressor.
std::string deflate_stored(const std::string& bytes) {
  return '\1' + bytes_of(uint16_t(bytes.size()), uint16_t(~bytes.size())) + bytes;
}

TEST_F(Npz, ReadsStoredAndDeflatedEntriesOfTheDocumentedLayout) {
  const std::string npy = three_bytes();
  for (const bool deflated : {false, true}) {
    tests::write_file(
        path_, zip_of_one(deflated ? 8 : 0, crc32_of(npy), deflated ? deflate_stored(npy) : npy,
                          uint32_t(npy.size())));
    const auto arrays = load_npz(path_);
    ASSERT_EQ(arrays.size(), 1u);
    EXPECT_EQ(arrays.at("x").data<uint8_t>()[2], 2);
  }
}

TEST_F(Npz, WhatIsSavedIsRead) {
  for (const bool compressed : {false, true}) {
    save_npz((folder_.path() / "b").string(),
             {{"one", array({1.5f, -2.0f})},
              {"many", arange(0, 100'000, 1)},
              {"none", tests::array_of({}, {0}, bool_)},
              {"scalar", array(complex64_t(1, 2))}},
             compressed);
    const auto arrays = load_npz((folder_.path() / "b.npz").string());
    EXPECT_EQ(arrays.size(), 4u);
    EXPECT_EQ(arrays.at("one").shape(), (Shape{2}));
    EXPECT_TRUE(array_equal(arrays.at("many"), arange(0, 100'000, 1)).item<bool>());
    EXPECT_EQ(arrays.at("none").shape(), (Shape{0}));
    EXPECT_EQ(array(arrays.at("scalar")).item<complex64_t>(), complex64_t(1, 2));
    EXPECT_EQ(arrays.at("many").byte_offset() % 64, 0u);
    const auto size = std::filesystem::file_size(folder_.path() / "b.npz");
    EXPECT_EQ(size > 400'000u, !compressed) << size;
  }
}

TEST_F(Npz, SizesAndPlacesPast32BitsAreWrittenIn64) {
  // The same as for an archive of more than 4 GB, from a lower limit on.
  AtomicFile out(path_);
  ZipWriter zip(out, 100);
  zip.add("small", {"abc"}, false);
  zip.add("large", {std::string_view("0123456789"), std::string(200, 'x')}, false);
  zip.add("packed", {std::string(5000, 'y')}, true);
  zip.finish();
  out.commit();
  const std::string bytes = tests::read_file(path_);
  EXPECT_THAT(bytes, HasSubstr(bytes_of(0x06064b50)));
  EXPECT_THAT(bytes, HasSubstr(bytes_of(UINT32_MAX, UINT32_MAX)));
  const ZipReader reader(ByteReader(MappedFile(path_).buffer(), "zip"));
  EXPECT_THAT(reader.names(), testing::ElementsAre("large", "packed", "small"));
  EXPECT_EQ(reader.read("small").take(3, "it"), "abc");
  EXPECT_EQ(reader.read("large").left(), 210u);
  EXPECT_EQ(reader.read("packed").take(5000, "it"), std::string(5000, 'y'));
}

TEST_F(Npz, ErrorsNameTheFileTheEntryAndTheNumbers) {
  const std::string npy = three_bytes();
  const auto size = uint32_t(npy.size());
  const auto error = [&](const std::string& bytes) {
    tests::write_file(path_, bytes);
    return load_error();
  };
  EXPECT_THAT(error("abc"), AllOf(HasSubstr("[load_npz]"), HasSubstr(path_), HasSubstr("3 bytes")));
  EXPECT_THAT(error(std::string(100, 'x')), HasSubstr("no zip archive ends here"));
  EXPECT_THAT(error(zip_of_one(0, 1, npy, size)), AllOf(HasSubstr("x.npy"), HasSubstr("checksum")));
  EXPECT_THAT(error(zip_of_one(12, 1, npy, size)), HasSubstr("method 12"));
  EXPECT_THAT(error(zip_of_one(0, 1, npy, size + 1)), HasSubstr(fmt::format("{}", size + 1)));
  EXPECT_THAT(error(zip_of_one(8, 1, deflate_stored(npy), size + 1)), HasSubstr("damaged"));
  EXPECT_THAT(error(zip_of_one(8, 1, npy, size)), HasSubstr("damaged"));
  EXPECT_THAT(error(zip_of_one(8, 1, npy, 4'000'000'000u)), HasSubstr("cannot decompress"));
  EXPECT_THAT(error(zip_of_one(0, 1, npy, size).substr(20)), testing::Not(HasSubstr("no error")));
}

TEST_F(Npz, DamagedFilesThrowOrAreRead) {
  save_npz(path_, {{"a", array({1.0f, 2.0f})}, {"b", array({true, false})}});
  tests::expect_survives_damage(path_, tests::read_file(path_), [&] { load_all(); });
  save_npz(path_, {{"a", array({1.0f, 2.0f})}}, true);
  tests::expect_survives_damage(path_, tests::read_file(path_), [&] { load_all(); });
}

TEST_F(Npz, AFullDiskLeavesTheOldFile) {
  save_npz(path_, {{"x", array({1.0f})}});
  tests::expect_full_disk_leaves(path_, [&] { save_npz(path_, {{"x", array({2.0f, 3.0f})}}); });
}

}  // namespace
}  // namespace quern
