#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/ops/arithmetic.h"
#include "engine/ops/shape.h"
#include "tests/engine/c/handles.h"
#include "tests/temporary_folder.h"

namespace quern::tests {
namespace {

const quern_stream s = {-1, {QUERN_CPU, 0}};

class CFiles : public testing::Test {
 protected:
  CFiles() {
    EXPECT_EQ(quern_map_array_new(&arrays_), 0);
    EXPECT_EQ(quern_map_array_insert(arrays_, "x", c_array(array({1.0f, 2.0f}))), 0);
  }

  std::string file(const char* name) const { return (folder_.path() / name).string(); }

  static float second(quern_map_array m) {
    CArray x;
    EXPECT_EQ(quern_map_array_get(&x, m, "x"), 0) << quern_last_error();
    return slice(cpp(x), {1}, {2}).item<float>();
  }

  TemporaryFolder folder_;
  CArrayMap arrays_;
};

TEST_F(CFiles, NumPys) {
  const std::string npy = file("a.npy"), npz = file("a.npz");
  CArray a;
  CArrayMap back;
  ASSERT_EQ(quern_save(npy.c_str(), c_array(array(5.0f))), 0);
  ASSERT_EQ(quern_load(&a, npy.c_str(), s), 0);
  EXPECT_EQ(cpp(a).item<float>(), 5);
  ASSERT_EQ(quern_save_npz(npz.c_str(), arrays_, true), 0);
  ASSERT_EQ(quern_load_npz(&back, npz.c_str(), s), 0);
  EXPECT_EQ(second(back), 2);
  EXPECT_EQ(quern_load(&a, file("none.npy").c_str(), s), 1);
  EXPECT_THAT(quern_last_error(), testing::HasSubstr("none.npy"));
  EXPECT_EQ(quern_load(&a, nullptr, s), 1);
}

TEST_F(CFiles, Safetensors) {
  const std::string name = file("a.safetensors");
  CStringMap metadata, read;
  CArrayMap back;
  ASSERT_EQ(quern_map_string_new(&metadata), 0);
  ASSERT_EQ(quern_map_string_insert(metadata, "key", "value"), 0);
  ASSERT_EQ(quern_save_safetensors(name.c_str(), arrays_, metadata), 0);
  ASSERT_EQ(quern_load_safetensors(&back, &read, name.c_str(), s), 0);
  EXPECT_EQ(second(back), 2);
  CString value;
  const char* text = nullptr;
  EXPECT_EQ(quern_map_string_get(&value, read, "key"), 0);
  EXPECT_EQ(quern_string_data(&text, value), 0);
  EXPECT_STREQ(text, "value");
  EXPECT_EQ(quern_save_safetensors(name.c_str(), arrays_, {}), 0);
}

TEST_F(CFiles, GGUF) {
  using Metadata = Owned<quern_gguf_metadata, quern_gguf_metadata_free>;
  const std::string name = file("a.gguf");
  Metadata metadata, read;
  CArrayMap back;
  CStrings words;
  ASSERT_EQ(quern_gguf_metadata_new(&metadata), 0);
  ASSERT_EQ(quern_vector_string_new(&words), 0);
  ASSERT_EQ(quern_vector_string_append(words, "one"), 0);
  EXPECT_EQ(quern_gguf_metadata_set_string(metadata, "text", "hello"), 0);
  EXPECT_EQ(quern_gguf_metadata_set_strings(metadata, "words", words), 0);
  EXPECT_EQ(quern_gguf_metadata_set_array(metadata, "number", c_array(array(7))), 0);
  ASSERT_EQ(quern_save_gguf(name.c_str(), arrays_, metadata), 0) << quern_last_error();
  ASSERT_EQ(quern_load_gguf(&back, &read, name.c_str(), s), 0) << quern_last_error();
  EXPECT_EQ(second(back), 2);
  quern_gguf_kind kind = QUERN_GGUF_NONE;
  EXPECT_EQ(quern_gguf_metadata_kind(&kind, read, "words"), 0);
  EXPECT_EQ(kind, QUERN_GGUF_STRINGS);
  EXPECT_EQ(quern_gguf_metadata_kind(&kind, read, "none"), 0);
  EXPECT_EQ(kind, QUERN_GGUF_NONE);
  CArray number;
  EXPECT_EQ(quern_gguf_metadata_get_array(&number, read, "number"), 0);
  EXPECT_EQ(cpp(number).item<int>(), 7);
  CString text;
  EXPECT_EQ(quern_gguf_metadata_get_string(&text, read, "number"), 1);
  EXPECT_STREQ(quern_last_error(), "[get] the metadata number is no text");
  CStrings names, again;
  size_t size = 0;
  EXPECT_EQ(quern_gguf_metadata_names(&names, read), 0);
  EXPECT_EQ(quern_vector_string_size(&size, names), 0);
  EXPECT_EQ(size, 3u);
  EXPECT_EQ(quern_gguf_metadata_get_strings(&again, read, "words"), 0);
}

TEST(CGraph, IsPrinted) {
  const array x({1.0f});
  CArrayMap names;
  CString text;
  const char* characters = nullptr;
  ASSERT_EQ(quern_map_array_new(&names), 0);
  ASSERT_EQ(quern_map_array_insert(names, "x", c_array(x)), 0);
  ASSERT_EQ(quern_print_graph(&text, c_arrays({x + x}), names), 0);
  ASSERT_EQ(quern_string_data(&characters, text), 0);
  EXPECT_THAT(characters, testing::HasSubstr("Add x [(1), float32], x [(1), float32] -> "));
  EXPECT_EQ(quern_export_to_dot(&text, c_arrays({x + x}), {}), 0);
}

}  // namespace
}  // namespace quern::tests
