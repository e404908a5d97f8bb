#include "engine/primitives/quantized.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "engine/primitives/matmul.h"

namespace quern {

namespace {

struct ModeRow {
  QuantizationMode mode;
  const char* name;
  int default_group_size;
  int default_bits;
  std::vector<int> group_sizes;
  std::vector<int> bits;
};

const std::vector<ModeRow>& modes() {
  static const std::vector<ModeRow> rows = {
      {QuantizationMode::affine, "affine", 64, 4, {32, 64, 128}, {2, 3, 4, 5, 6, 8}},
  };
  return rows;
}

void require_one_of(int value, const std::vector<int>& allowed, const char* what,
                    const ModeRow& row, const char* where) {
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return;
  throw std::invalid_argument(fmt::format("[{}] mode \"{}\" has no {} {}; it has {}", where,
                                          row.name, what, value, fmt::join(allowed, ", ")));
}

}  // namespace

Quantization make_quantization(const std::string& mode, std::optional<int> group_size,
                               std::optional<int> bits, const char* where) {
  for (const ModeRow& row : modes()) {
    if (mode != row.name) continue;
    const Quantization q{row.mode, group_size.value_or(row.default_group_size),
                         bits.value_or(row.default_bits)};
    require_one_of(q.group_size, row.group_sizes, "group size", row, where);
    require_one_of(q.bits, row.bits, "bit width", row, where);
    return q;
  }
  std::vector<std::string> names;
  for (const ModeRow& row : modes()) names.push_back(fmt::format("\"{}\"", row.name));
  throw std::invalid_argument(fmt::format("[{}] there is no quantization mode \"{}\"; there is {}",
                                          where, mode, fmt::join(names, ", ")));
}

Shape unpacked_shape(const Shape& w_q, const Quantization& quantization) {
  Shape shape = w_q;
  shape.back() = ShapeElem(int64_t(shape.back()) * 32 / quantization.bits);
  return shape;
}

std::vector<Shape> Quantize::output_shapes(const Arrays& inputs) const {
  Shape packed = inputs[0].shape(), groups = packed;
  packed.back() = ShapeElem(int64_t(packed.back()) * quantization.bits / 32);
  groups.back() /= quantization.group_size;
  return {packed, groups, groups};
}

std::vector<Shape> Dequantize::output_shapes(const Arrays& inputs) const {
  return {unpacked_shape(inputs[0].shape(), quantization)};
}

std::vector<Shape> QuantizedMatmul::output_shapes(const Arrays& inputs) const {
  Shape w = unpacked_shape(inputs[1].shape(), quantization);
  if (transpose) std::swap(w[w.size() - 1], w[w.size() - 2]);
  return {matmul_shape(inputs[0].shape(), w, "quantized_matmul")};
}

}  // namespace quern
