#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "tests/engine/c/handles.h"

namespace quern::tests {
namespace {

using testing::HasSubstr;

TEST(CArrays, AreMadeAndRead) {
  const std::vector<float> data = {1, 2, 3, 4, 5, 6};
  const std::vector<int> shape = {2, 3};
  CArray a, turned;
  ASSERT_EQ(quern_array_from_data(&a, data.data(), shape.data(), 2, QUERN_FLOAT32), 0);
  size_t ndim = 0, size = 0, nbytes = 0, itemsize = 0;
  const int* lengths = nullptr;
  quern_dtype dtype = QUERN_BOOL;
  int last = 0;
  EXPECT_EQ(quern_array_ndim(&ndim, a), 0);
  EXPECT_EQ(quern_array_size(&size, a), 0);
  EXPECT_EQ(quern_array_nbytes(&nbytes, a), 0);
  EXPECT_EQ(quern_array_itemsize(&itemsize, a), 0);
  EXPECT_EQ(quern_array_shape(&lengths, a), 0);
  EXPECT_EQ(quern_array_dtype(&dtype, a), 0);
  EXPECT_EQ(quern_array_dim(&last, a, -1), 0);
  EXPECT_EQ(ndim, 2u);
  EXPECT_EQ(size, 6u);
  EXPECT_EQ(nbytes, 24u);
  EXPECT_EQ(itemsize, 4u);
  EXPECT_EQ(lengths[1], 3);
  EXPECT_EQ(last, 3);
  EXPECT_EQ(dtype, QUERN_FLOAT32);

  ASSERT_EQ(quern_transpose(&turned, a, quern_stream_default()), 0);
  std::vector<float> back(6);
  EXPECT_EQ(quern_array_copy_to(back.data(), 24, turned), 0);
  EXPECT_EQ(back, (std::vector<float>{1, 4, 2, 5, 3, 6}));
  const void* first = nullptr;
  const int64_t* strides = nullptr;
  EXPECT_EQ(quern_array_data(&first, turned), 0);
  EXPECT_EQ(quern_array_strides(&strides, turned), 0);
  EXPECT_EQ(*static_cast<const float*>(first), 1);
  EXPECT_EQ(strides[1], 3);
  EXPECT_EQ(quern_array_copy_to(back.data(), 20, turned), 1);
  EXPECT_STREQ(quern_last_error(), "[copy_to] the array has 24 bytes, and there is room for 20");

  CString text;
  const char* characters = nullptr;
  EXPECT_EQ(quern_array_to_string(&text, a), 0);
  EXPECT_EQ(quern_string_data(&characters, text), 0);
  EXPECT_STREQ(characters, "array([[1, 2, 3],\n       [4, 5, 6]], dtype=float32)");
}

TEST(CArrays, EveryDtypeHasItsItem) {
  for (int i = 0; i < number_of_dtypes; ++i) {
    const CArray one = c_array(astype(array(1), to_dtype(Dtype::Val(i))));
    bool b = false;
    uint8_t u8 = 0;
    uint16_t u16 = 0, half = 0, brain = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    int8_t i8 = 0;
    int16_t i16 = 0;
    int32_t i32 = 0;
    int64_t i64 = 0;
    float f = 0;
    double d = 0;
    quern_complex64 c = {0, 7};
    EXPECT_EQ(quern_array_item_bool(&b, one) + quern_array_item_uint8(&u8, one) +
                  quern_array_item_uint16(&u16, one) + quern_array_item_uint32(&u32, one) +
                  quern_array_item_uint64(&u64, one) + quern_array_item_int8(&i8, one) +
                  quern_array_item_int16(&i16, one) + quern_array_item_int32(&i32, one) +
                  quern_array_item_int64(&i64, one) + quern_array_item_float16(&half, one) +
                  quern_array_item_bfloat16(&brain, one) + quern_array_item_float32(&f, one) +
                  quern_array_item_float64(&d, one) + quern_array_item_complex64(&c, one),
              0);
    EXPECT_TRUE(b);
    EXPECT_EQ(u8 + u16 + int(u32) + int(u64) + i8 + i16 + i32 + int(i64) + int(f) + int(d), 10);
    EXPECT_EQ(half, 0x3c00);
    EXPECT_EQ(brain, 0x3f80);
    EXPECT_EQ(c.real, 1);
    EXPECT_EQ(c.imag, 0);
  }
}

TEST(CArrays, BorrowedDataIsGivenBackOnce) {
  static int given_back = 0;
  int values[2] = {3, 4};
  const int shape = 2;
  const auto destructor = [](void* payload) { given_back += *static_cast<int*>(payload); };
  {
    CArray a, again;
    int by = 1;
    ASSERT_EQ(quern_array_from_borrowed_data(&a, values, &shape, 1, QUERN_INT32, &by, destructor),
              0);
    ASSERT_EQ(quern_array_set(&again, a), 0);
    EXPECT_EQ(cpp(again).data<int>(), values);
    EXPECT_EQ(given_back, 0);
  }
  EXPECT_EQ(given_back, 1);
  CArray none;
  int by = 10;
  EXPECT_EQ(
      quern_array_from_borrowed_data(&none, values, &shape, 1, quern_dtype(99), &by, destructor),
      1);
  EXPECT_EQ(given_back, 11);
}

TEST(CErrors, AreTextsPerThread) {
  const CArray a = c_array(array({1.0f, 2.0f})), b = c_array(array({1.0f, 2.0f, 3.0f}));
  CArray out;
  EXPECT_EQ(quern_add(&out, a, b, quern_stream_default()), 1);
  EXPECT_THAT(quern_last_error(), HasSubstr("(2) and (3)"));
  EXPECT_EQ(out.handle.object, nullptr);
  std::thread([] { EXPECT_STREQ(quern_last_error(), ""); }).join();

  EXPECT_EQ(quern_add(&out, a, quern_array{}, quern_stream_default()), 1);
  EXPECT_THAT(quern_last_error(), HasSubstr("owns nothing"));
  EXPECT_EQ(quern_add(nullptr, a, a, quern_stream_default()), 1);
  EXPECT_THAT(quern_last_error(), HasSubstr("NULL"));
  EXPECT_EQ(quern_zeros(&out, nullptr, 2, QUERN_FLOAT32, quern_stream_default()), 1);
  EXPECT_EQ(quern_astype(&out, a, quern_dtype(14), quern_stream_default()), 1);
  EXPECT_THAT(quern_last_error(), HasSubstr("14 is no dtype"));
  EXPECT_EQ(quern_add(&out, a, a, quern_stream{12345, {QUERN_CPU, 0}}), 1);
  EXPECT_THAT(quern_last_error(), HasSubstr("12345"));
  EXPECT_EQ(quern_array_eval(quern_array{}), 1);

  // Of a kernel, on the stream's worker.
  const int shape[] = {1 << 29, 1 << 29};
  ASSERT_EQ(quern_ones(&out, shape, 2, QUERN_FLOAT32, quern_stream_default()), 0);
  ASSERT_EQ(quern_exp(&out, out, quern_stream_default()), 0);
  EXPECT_EQ(quern_array_eval(out), 1);
  EXPECT_THAT(quern_last_error(), HasSubstr("1152921504606846976"));
}

TEST(CErrors, ReachTheHandler) {
  static std::string heard;
  static int destroyed = 0;
  int payload = 5;
  ASSERT_EQ(quern_set_error_handler(
                [](const char* message, void* p) {
                  heard = message + std::to_string(*static_cast<int*>(p));
                },
                &payload, [](void*) { ++destroyed; }),
            0);
  EXPECT_EQ(quern_array_eval(quern_array{}), 1);
  EXPECT_THAT(heard, testing::EndsWith("owns nothing5"));
  EXPECT_EQ(quern_set_error_handler(nullptr, nullptr, nullptr), 0);
  EXPECT_EQ(destroyed, 1);
  heard.clear();
  EXPECT_EQ(quern_array_eval(quern_array{}), 1);
  EXPECT_EQ(heard, "");
}

TEST(CContainers, HoldArraysAndTexts) {
  const CArrays v = c_arrays({array(1.0f), array(2.0f)});
  size_t size = 0;
  EXPECT_EQ(quern_vector_array_size(&size, v), 0);
  EXPECT_EQ(size, 2u);
  EXPECT_EQ(element(v, 1).item<float>(), 2);
  CArray none;
  EXPECT_EQ(quern_vector_array_get(&none, v, 2), 1);
  EXPECT_STREQ(quern_last_error(), "[get] there is no element 2 in a list of 2");

  CArrayMap m;
  bool there = true;
  EXPECT_EQ(quern_map_array_new(&m), 0);
  EXPECT_EQ(quern_map_array_insert(m, "b", c_array(array(1.0f))), 0);
  EXPECT_EQ(quern_map_array_insert(m, "a", c_array(array(2.0f))), 0);
  EXPECT_EQ(quern_map_array_insert(m, "b", c_array(array(3.0f))), 0);
  EXPECT_EQ(quern_map_array_contains(&there, m, "c"), 0);
  EXPECT_FALSE(there);
  CArray found;
  EXPECT_EQ(quern_map_array_get(&found, m, "b"), 0);
  EXPECT_EQ(cpp(found).item<float>(), 3);
  EXPECT_EQ(quern_map_array_get(&found, m, "c"), 1);
  CStrings names;
  const char* name = nullptr;
  EXPECT_EQ(quern_map_array_names(&names, m), 0);
  EXPECT_EQ(quern_vector_string_get(&name, names, 0), 0);
  EXPECT_STREQ(name, "a");
}

TEST(CStreams, AreTakenByOperations) {
  quern_stream s{};
  ASSERT_EQ(quern_stream_new(&s, {QUERN_CPU, 0}), 0);
  const CArray a = c_array(array({1.0f, 2.0f}));
  CArray out;
  EXPECT_EQ(quern_add(&out, a, a, s), 0);
  EXPECT_EQ(quern_array_eval(out), 0);
  EXPECT_EQ(quern_synchronize(s), 0);
  EXPECT_EQ(cpp(out).data<float>()[1], 4);
  EXPECT_EQ(quern_add(&out, a, a, quern_stream_of(QUERN_CPU)), 0);
  bool available = false;
  EXPECT_EQ(quern_device_is_available(&available, {QUERN_CPU, 0}), 0);
  EXPECT_TRUE(available);
}

TEST(CMemory, SettersGiveThePreviousLimit) {
  size_t first = 0, second = 0, now = 0;
  EXPECT_EQ(quern_get_memory_limit(&now), 0);
  EXPECT_EQ(quern_set_memory_limit(&first, 1'000'000'000), 0);
  EXPECT_EQ(quern_set_memory_limit(&second, first), 0);
  EXPECT_EQ(first, now);
  EXPECT_EQ(second, 1'000'000'000u);
  EXPECT_EQ(quern_set_memory_limit(nullptr, first), 0);
  EXPECT_EQ(quern_get_active_memory(nullptr), 1);
}

}  // namespace
}  // namespace quern::tests
