#include "engine/io/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/graph/eval.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/shape.h"
#include "tests/engine/io/files.h"

namespace quern {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using tests::bytes_of;
using tests::error_of;

class Npy : public testing::Test {
 protected:
  /// A version 1 file with this header text and data, as NumPy's documentation lays it out.
  std::string write(const std::string& header, const std::string& data) {
    tests::write_file(path_, std::string("\x93NUMPY\x01\x00", 8) +
                                 bytes_of(uint16_t(header.size())) + header + data);
    return path_;
  }

  std::string load_error() {
    return error_of([&] { load(path_).eval(); });
  }

  tests::TemporaryFolder folder_;
  const std::string path_ = (folder_.path() / "a.npy").string();
};

template <typename T>
std::vector<T> values(const array& a) {
  array dense = contiguous(a);
  dense.eval();
  return {dense.data<T>(), dense.data<T>() + dense.size()};
}

TEST_F(Npy, ReadsWhatTheDocumentedLayoutSays) {
  const array a = load(write("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }\n",
                             bytes_of(int16_t(1), int16_t(-2), int16_t(3), int16_t(4))));
  EXPECT_EQ(a.dtype(), int16);
  EXPECT_EQ(a.shape(), (Shape{2, 2}));
  EXPECT_EQ(values<int16_t>(a), (std::vector<int16_t>{1, -2, 3, 4}));
}

TEST_F(Npy, KeysMayComeInAnyOrderAndBeQuotedEitherWay) {
  const array a =
      load(write("{\"shape\":(3L,),\"fortran_order\":False,\"descr\":\"|u1\"}", "\1\2\3"));
  EXPECT_EQ(a.shape(), (Shape{3}));
  EXPECT_EQ(values<uint8_t>(a), (std::vector<uint8_t>{1, 2, 3}));
}

TEST_F(Npy, VersionsTwoAndThreeHaveLongHeaders) {
  for (const char version : {'\2', '\3'}) {
    const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': ()}";
    tests::write_file(path_, std::string("\x93NUMPY") + version + '\0' +
                                 bytes_of(uint32_t(header.size())) + header + bytes_of(2.5));
    EXPECT_EQ(load(path_).item<double>(), 2.5);
  }
}

TEST_F(Npy, FortranOrderIsTransposed) {
  const array a = load(write("{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3)}",
                             bytes_of(0, 10, 1, 11, 2, 12)));
  EXPECT_EQ(a.shape(), (Shape{2, 3}));
  EXPECT_EQ(values<int>(a), (std::vector<int>{0, 1, 2, 10, 11, 12}));
}

TEST_F(Npy, BigEndianElementsAreConverted) {
  EXPECT_EQ(values<int>(load(write("{'descr': '>i4', 'fortran_order': False, 'shape': (2,)}",
                                   std::string("\0\0\1\2\xff\xff\xff\xfe", 8)))),
            (std::vector<int>{258, -2}));
  // 1.5 is 0x3fc00000, -2 is 0xc0000000.
  const array c = load(write("{'descr': '>c8', 'fortran_order': False, 'shape': ()}",
                             std::string("\x3f\xc0\0\0\xc0\0\0\0", 8)));
  EXPECT_EQ(c.item<complex64_t>(), complex64_t(1.5f, -2.0f));
}

TEST_F(Npy, TruthValuesAreNormalised) {
  const array a = load(
      write("{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}", std::string("\0\1\7", 3)));
  array twice = astype(a, int32);
  EXPECT_EQ(values<int>(twice), (std::vector<int>{0, 1, 1}));
}

TEST_F(Npy, EveryDtypeComesBack) {
  for (int i = 0; i < number_of_dtypes; ++i) {
    const Dtype dtype = to_dtype(Dtype::Val(i));
    const array a = astype(tests::array_of({0, 1, 5, 1, 0, 2}, {2, 3}, int32), dtype);
    save(path_, transpose(a));
    const array back = load(path_);
    EXPECT_EQ(back.dtype(), dtype);
    EXPECT_EQ(back.shape(), (Shape{3, 2}));
    EXPECT_TRUE(array_equal(back, transpose(a)).item<bool>()) << dtype;
  }
}

TEST_F(Npy, TheHeaderIsNumPysAndTheDataAligned) {
  save((folder_.path() / "b").string(), array({1.0f, 2.0f, 3.0f}));
  const std::string bytes = tests::read_file((folder_.path() / "b.npy").string());
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
  EXPECT_EQ(bytes.substr(0, 10 + header.size()),
            std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header);
  EXPECT_EQ(bytes.size(), 128u + 12);
  EXPECT_EQ(bytes[127], '\n');
  save(path_, array(true));
  EXPECT_THAT(tests::read_file(path_), HasSubstr("'|b1', 'fortran_order': False, 'shape': (), }"));
}

TEST_F(Npy, NothingAndHugeNothingsAreShapesToo) {
  save(path_, tests::array_of({}, {0}, float32));
  EXPECT_EQ(load(path_).shape(), (Shape{0}));
  write("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2147483647, 2147483647, 4)}", "");
  EXPECT_THAT(load_error(),
              HasSubstr("no array can have the shape (0, 2147483647, 2147483647, 4)"));
}

TEST_F(Npy, ErrorsNameTheFileAndTheNumbers) {
  tests::write_file(path_, "PK");
  EXPECT_THAT(load_error(), AllOf(HasSubstr("[load]"), HasSubstr(path_), HasSubstr("not a .npy")));
  tests::write_file(path_, std::string("\x93NUMPY\x09\x00", 8));
  EXPECT_THAT(load_error(), HasSubstr("9.0"));
  tests::write_file(path_, std::string("\x93NUMPY\x01\x00\xff\xff{", 11));
  EXPECT_THAT(load_error(), AllOf(HasSubstr("65535 bytes"), HasSubstr("1 are left")));
  const auto refused = [&](const std::string& header, const std::string& why) {
    write(header, "1234");
    EXPECT_THAT(load_error(), HasSubstr(why)) << header;
  };
  refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
          "needs 8 bytes, and 4 are left");
  refused("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "length");
  refused("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "length");
  refused("{'descr': '<c16', 'fortran_order': False, 'shape': ()}", "'<c16'");
  refused("{'descr': '|O', 'fortran_order': False, 'shape': ()}", "'|O'");
  refused("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': ()}", "structures");
  refused("{'descr': '<f4', 'fortran_order': 1, 'shape': ()}", "True or False");
  refused("{'descr': '<f4', 'shape': ()}", "lacks");
  refused("{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", "the end");
  EXPECT_THAT(error_of([&] { load((folder_.path() / "none.npy").string()); }),
              AllOf(HasSubstr("none.npy"), HasSubstr("No such file")));
}

TEST_F(Npy, DamagedFilesThrowOrAreRead) {
  save(path_, tests::array_of({1.0f, 2.0f, 3.0f, 4.0f}, {2, 2}));
  tests::expect_survives_damage(path_, tests::read_file(path_),
                                [&] { eval(contiguous(load(path_))); });
}

TEST_F(Npy, AFullDiskLeavesTheOldFile) {
  save(path_, array({1.0f}));
  tests::expect_full_disk_leaves(path_, [&] { save(path_, array({2.0f, 3.0f})); });
}

TEST_F(Npy, DevicesAreWrittenToAndLinksFollowed) {
  const auto link = folder_.path() / "full.npy";
  std::filesystem::create_symlink("/dev/full", link);
  EXPECT_THAT(
      error_of([&] { save(link.string(), array({1.0f})); }),
      AllOf(HasSubstr("full.npy"), HasSubstr("No space left"), HasSubstr("free some space")));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));

  const auto target = folder_.path() / "target.npy", alias = folder_.path() / "alias.npy";
  save(target.string(), array({1.0f}));
  std::filesystem::create_symlink(target, alias);
  save(alias.string(), array({7.0f}));
  EXPECT_TRUE(std::filesystem::is_symlink(alias));
  EXPECT_EQ(load(target.string()).item<float>(), 7.0f);
}

}  // namespace
}  // namespace quern
