#pragma once

#include "engine/backend/cpu/quantized/integer_tiles.h"
#include "engine/backend/cpu/quantized/product.h"

namespace quern::cpu {

/// How many parts of a length cover another.
constexpr int64_t whole_parts(int64_t length, int64_t part) { return (length + part - 1) / part; }

/// Rows [first, first + rows) of a product's activations as integers of 8 bits, in tiles of
/// `height` rows as IntegerTile describes them. Places for rows that the last tile lacks hold
/// anything.
class PackedTiles {
 public:
  PackedTiles(const Product& p, int64_t height, int64_t first, int64_t rows);

  int64_t count() const { return whole_parts(rows_, height_); }

  /// Tile `index`, from element k on, which begins a group.
  IntegerTile tile(int64_t index, int64_t k) const {
    const int64_t parameters = (index * groups_ + k / group_size_) * height_;
    return {codes_.data() + (index * depth_ + k) * height_, scales_.data() + parameters,
            sums_.data() + parameters, std::min(height_, rows_ - index * height_)};
  }

 private:
  void pack_row(const Product& p, int64_t from, int64_t row, int8_t* natural, int8_t* ordered);

  int64_t height_, rows_, depth_, groups_, group_size_;
  Scratch<int8_t> codes_;
  Scratch<float> scales_, sums_;
};

/// The scales and biases of a weight's row as floats, `padded` of each, for codes as the tiles
/// have them.
void widen_parameters(const PackedMatrix& w, int64_t row, size_t padded, float* scales,
                      float* biases);

}  // namespace quern::cpu
