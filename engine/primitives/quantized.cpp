#include "engine/primitives/quantized.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "engine/ops/creation.h"
#include "engine/ops/quantized.h"
#include "engine/ops/shape.h"

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
      {QuantizationMode::affine, "affine", 64, 4, {16, 32, 64, 128}, {2, 3, 4, 5, 6, 8}},
      {QuantizationMode::mxfp4, "mxfp4", 32, 4, {32}, {4}},
      {QuantizationMode::mxfp8, "mxfp8", 32, 8, {32}, {8}},
      {QuantizationMode::nvfp4, "nvfp4", 16, 4, {16}, {4}},
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

const char* mode_name(QuantizationMode mode) {
  for (const ModeRow& row : modes()) {
    if (row.mode == mode) return row.name;
  }
  return "";
}

array group_integers(const array& w_q, const Quantization& q) {
  Shape groups = unpacked_shape(w_q.shape(), q);
  groups.back() /= q.group_size;
  const array integers =
      dequantize(w_q, ones(groups), zeros(groups), q.group_size, q.bits, "affine");
  return unflatten(integers, -1, {groups.back(), q.group_size});
}

void require_differentiable(const Quantization& q, const std::vector<int>& argnums, int first,
                            const char* where) {
  for (const int i : argnums) {
    if (i == first) {
      throw std::invalid_argument(fmt::format(
          "[{}] the packed weight has no derivative; keep it out of the inputs that are "
          "differentiated, or behind stop_gradient",
          where));
    }
    if (i == first + 1 && !q.has_biases()) {
      throw std::invalid_argument(
          fmt::format("[{}] the scales of mode \"{}\" are bytes and have no derivative", where,
                      mode_name(q.mode)));
    }
  }
}

}  // namespace quern
