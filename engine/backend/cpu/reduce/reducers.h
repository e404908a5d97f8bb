#pragma once

#include <array>
#include <cstddef>

#include "engine/array/dtype.h"
#include "engine/primitives/primitive.h"
#include "engine/primitives/type_table.h"

namespace quern::cpu {

/// How a reduction treats dense elements of one dtype. Totals are what it adds up in: often wider
/// than the elements (float64 for sums of float32). Where n totals come together they are n for
/// all the functions that see them: a reducer lays them out as it likes.
struct Reducer {
  size_t total_size;  ///< bytes, at most max_total_size

  /// The totals of nothing.
  void (*start)(void* totals, size_t n);
  /// Takes `runs` runs of n elements, one after another, into one total each.
  void (*add_runs)(const void* elements, size_t n, size_t runs, void* totals);
  /// Takes `rows` rows of `width` elements into `width` totals, column by column; the rows begin
  /// `apart` elements from each other.
  void (*add_rows)(const void* elements, size_t apart, size_t width, size_t rows, void* totals);
  /// Takes n totals into n others.
  void (*merge)(const void* from, size_t n, void* totals);
  /// The totals as elements: those of half dtypes as float32.
  void (*finish)(const void* totals, size_t n, void* elements);
  /// Where the first of n elements is that equals a total, as NaN does NaN; n where none is.
  /// nullptr where totals are no elements.
  size_t (*find)(const void* elements, size_t n, const void* total);
};

inline constexpr size_t max_total_size = 24;

class ReducerTable {
 public:
  template <typename P>
  void add(Dtype dtype, const Reducer& reducer) {
    reducers_[typeid(P)][size_t(dtype.val)] = &reducer;
  }

  /// Throws std::invalid_argument when there is none.
  const Reducer& find(const Primitive& primitive, Dtype dtype) const;

 private:
  TypeTable<std::array<const Reducer*, number_of_dtypes>> reducers_;
};

/// Puts in those of SquaredDeviations, which has several totals in one.
void add_squared_deviations(ReducerTable& table);

/// The reducers for this machine.
const ReducerTable& reducers();

}  // namespace quern::cpu
