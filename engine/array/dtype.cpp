#include "engine/array/dtype.h"

#include <array>

namespace quern {

namespace {

using Category = Dtype::Category;

constexpr std::array<std::string_view, number_of_dtypes> names = {
    "bool",  "uint8", "uint16",  "uint32",  "uint64",  "int8",     "int16",
    "int32", "int64", "float16", "float32", "float64", "bfloat16", "complex64"};

constexpr std::array<Category, number_of_dtypes> categories = {
    Category::generic,         Category::unsignedinteger, Category::unsignedinteger,
    Category::unsignedinteger, Category::unsignedinteger, Category::signedinteger,
    Category::signedinteger,   Category::signedinteger,   Category::signedinteger,
    Category::floating,        Category::floating,        Category::floating,
    Category::floating,        Category::complexfloating};

constexpr std::array<uint8_t, number_of_dtypes> sizes = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 2, 8};

bool is_floating(Dtype t) { return categories[size_t(t.val)] == Category::floating; }
bool is_unsigned(Dtype t) { return categories[size_t(t.val)] == Category::unsignedinteger; }

Dtype signed_of_size(int bytes) {
  return bytes == 1 ? int8 : bytes == 2 ? int16 : bytes == 4 ? int32 : int64;
}

}  // namespace

Dtype to_dtype(Dtype::Val val) { return {val, sizes[size_t(val)]}; }

Dtype promote_types(const Dtype& a, const Dtype& b) {
  if (a == b) return a;
  if (a == complex64 || b == complex64) return complex64;
  if (a == bool_) return b;
  if (b == bool_) return a;
  if (is_floating(a) != is_floating(b)) return is_floating(a) ? a : b;
  if (is_floating(a)) {
    if (a.size() == b.size()) return float32;  // float16 with bfloat16
    return a.size() > b.size() ? a : b;
  }
  if (is_unsigned(a) == is_unsigned(b)) return a.size() > b.size() ? a : b;
  const Dtype u = is_unsigned(a) ? a : b;
  const Dtype s = is_unsigned(a) ? b : a;
  if (u == uint64) return float32;
  return s.size() > u.size() ? s : signed_of_size(2 * u.size());
}

Dtype::Kind kindof(const Dtype& t) {
  if (t == bool_) return Dtype::Kind::b;
  if (t == bfloat16) return Dtype::Kind::V;
  switch (categories[size_t(t.val)]) {
    case Category::unsignedinteger:
      return Dtype::Kind::u;
    case Category::signedinteger:
      return Dtype::Kind::i;
    case Category::complexfloating:
      return Dtype::Kind::c;
    default:
      return Dtype::Kind::f;
  }
}

bool issubdtype(const Dtype& a, const Dtype& b) { return a == b; }

bool issubdtype(const Dtype& a, const Category& b) {
  if (a == bool_) return b == Category::generic;
  return issubdtype(categories[size_t(a.val)], b);
}

bool issubdtype(const Category& a, const Category& b) {
  if (a == b) return true;
  switch (b) {
    case Category::generic:
      return true;
    case Category::number:
      return a != Category::generic;
    case Category::integer:
      return a == Category::signedinteger || a == Category::unsignedinteger;
    case Category::inexact:
      return a == Category::floating || a == Category::complexfloating;
    default:
      return false;
  }
}

std::string_view dtype_name(const Dtype& t) { return names[size_t(t.val)]; }

std::ostream& operator<<(std::ostream& os, const Dtype& t) { return os << dtype_name(t); }

}  // namespace quern
