#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/array/array.h"
#include "engine/c/quern.h"

namespace quern::tests {

/// A handle of the C interface that frees itself.
template <typename Handle, int (*free_handle)(Handle)>
class Owned {
 public:
  Owned() = default;
  Owned(Owned&& other) noexcept : handle(std::exchange(other.handle, Handle{})) {}
  Owned& operator=(Owned&&) = delete;
  ~Owned() { free_handle(handle); }

  operator Handle() const { return handle; }
  Handle* operator&() { return &handle; }

  Handle handle{};
};

using CArray = Owned<quern_array, quern_array_free>;
using CArrays = Owned<quern_vector_array, quern_vector_array_free>;
using CStrings = Owned<quern_vector_string, quern_vector_string_free>;
using CArrayMap = Owned<quern_map_array, quern_map_array_free>;
using CStringMap = Owned<quern_map_string, quern_map_string_free>;
using CString = Owned<quern_string, quern_string_free>;
using CClosure = Owned<quern_closure, quern_closure_free>;

/// The C++ array behind a handle, and a handle of a C++ array.
inline array& cpp(quern_array a) { return *static_cast<array*>(a.object); }
inline CArray c_array(const array& a) {
  quern_array borrowed{const_cast<array*>(&a)};
  CArray out;
  EXPECT_EQ(quern_array_set(&out, borrowed), 0);
  return out;
}

inline CArrays c_arrays(const std::vector<array>& arrays) {
  CArrays out;
  EXPECT_EQ(quern_vector_array_new(&out), 0);
  for (const array& a : arrays) EXPECT_EQ(quern_vector_array_append(out, c_array(a)), 0);
  return out;
}

inline array element(quern_vector_array v, size_t i) {
  CArray out;
  EXPECT_EQ(quern_vector_array_get(&out, v, i), 0) << quern_last_error();
  return cpp(out);
}

}  // namespace quern::tests
