#pragma once

#include <array>
#include <cstddef>

#include "engine/array/dtype.h"
#include "engine/primitives/primitive.h"
#include "engine/primitives/type_table.h"

namespace quern::cpu {

/// What an elementwise primitive does to n elements: dense inputs to a dense output, which may be
/// one of the inputs.
using Tile = void (*)(const void* const* in, void* out, size_t n);

/// The tiles of all elementwise primitives, by the dtype of the inputs (of the values, for Select).
/// The half dtypes are computed by the float32 tile unless they have their own.
class TileTable {
 public:
  template <typename P>
  void add(Dtype dtype, Tile tile) {
    register_primitive(P::type_name, &P::load);
    tiles_[typeid(P)][size_t(dtype.val)] = tile;
  }

  /// nullptr when there is none.
  Tile find(const Primitive& primitive, Dtype dtype) const {
    const auto* found = tiles_.find(typeid(primitive));
    return found ? (*found)[size_t(dtype.val)] : nullptr;
  }

  /// That of primitive P, which has one.
  template <typename P>
  Tile find(Dtype dtype) const {
    return (*tiles_.find(typeid(P)))[size_t(dtype.val)];
  }

  /// Calls f(type) for each primitive that has tiles.
  template <typename F>
  void for_each_primitive(F&& f) const {
    tiles_.for_each([&](const std::type_info& type, const auto&) { f(type); });
  }

 private:
  TypeTable<std::array<Tile, number_of_dtypes>> tiles_;
};

/// The tiles for this machine.
const TileTable& tiles();

// One function per file of tiles; tiles() calls each once.
void add_arithmetic_tiles(TileTable& table);
void add_bitwise_tiles(TileTable& table);
void add_comparison_tiles(TileTable& table);
void add_float_math_tiles(TileTable& table);
void add_unary_tiles(TileTable& table);
void add_wide_math_tiles(TileTable& table);

}  // namespace quern::cpu
