#pragma once

#include <cstdint>
#include <ostream>
#include <string_view>

namespace quern {

/// The type of an array's elements: one of fourteen, a value to pass and compare.
struct Dtype {
  enum class Val : uint8_t {
    bool_,
    uint8,
    uint16,
    uint32,
    uint64,
    int8,
    int16,
    int32,
    int64,
    float16,
    float32,
    float64,
    bfloat16,
    complex64,
  };

  /// Kinds group the dtypes that differ only in width.
  enum class Kind : uint8_t { b, u, i, f, c, V };

  /// Abstract classes of dtypes, ordered by `issubdtype`.
  enum class Category : uint8_t {
    complexfloating,
    floating,
    inexact,
    signedinteger,
    unsignedinteger,
    integer,
    number,
    generic,
  };

  Val val;
  uint8_t size_in_bytes;

  constexpr operator Val() const { return val; }
  constexpr uint8_t size() const { return size_in_bytes; }
};

inline constexpr int number_of_dtypes = 14;

inline constexpr Dtype bool_{Dtype::Val::bool_, 1};
inline constexpr Dtype uint8{Dtype::Val::uint8, 1};
inline constexpr Dtype uint16{Dtype::Val::uint16, 2};
inline constexpr Dtype uint32{Dtype::Val::uint32, 4};
inline constexpr Dtype uint64{Dtype::Val::uint64, 8};
inline constexpr Dtype int8{Dtype::Val::int8, 1};
inline constexpr Dtype int16{Dtype::Val::int16, 2};
inline constexpr Dtype int32{Dtype::Val::int32, 4};
inline constexpr Dtype int64{Dtype::Val::int64, 8};
inline constexpr Dtype float16{Dtype::Val::float16, 2};
inline constexpr Dtype float32{Dtype::Val::float32, 4};
inline constexpr Dtype float64{Dtype::Val::float64, 8};
inline constexpr Dtype bfloat16{Dtype::Val::bfloat16, 2};
inline constexpr Dtype complex64{Dtype::Val::complex64, 8};

inline constexpr Dtype::Category complexfloating = Dtype::Category::complexfloating;
inline constexpr Dtype::Category floating = Dtype::Category::floating;
inline constexpr Dtype::Category inexact = Dtype::Category::inexact;
inline constexpr Dtype::Category signedinteger = Dtype::Category::signedinteger;
inline constexpr Dtype::Category unsignedinteger = Dtype::Category::unsignedinteger;
inline constexpr Dtype::Category integer = Dtype::Category::integer;
inline constexpr Dtype::Category number = Dtype::Category::number;
inline constexpr Dtype::Category generic = Dtype::Category::generic;

inline constexpr bool operator==(const Dtype& a, const Dtype& b) { return a.val == b.val; }
inline constexpr bool operator!=(const Dtype& a, const Dtype& b) { return a.val != b.val; }

/// The dtype with this value.
Dtype to_dtype(Dtype::Val val);

inline uint8_t size_of(const Dtype& t) { return t.size_in_bytes; }
Dtype::Kind kindof(const Dtype& t);

/// The smallest dtype that both can be promoted to, as in JAX's lattice with two exceptions taken
/// from MLX: float16 with bfloat16 gives float32, uint64 with a signed integer gives float32.
Dtype promote_types(const Dtype& a, const Dtype& b);

/// Whether a is (below) b: dtypes are below their categories, categories below wider ones.
bool issubdtype(const Dtype& a, const Dtype& b);
bool issubdtype(const Dtype& a, const Dtype::Category& b);
bool issubdtype(const Dtype::Category& a, const Dtype::Category& b);

/// The name in text: "float32", "bool", ...
std::string_view dtype_name(const Dtype& t);
std::ostream& operator<<(std::ostream& os, const Dtype& t);

}  // namespace quern
