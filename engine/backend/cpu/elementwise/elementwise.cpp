#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/elementwise/operands.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/backend/cpu/tile_reader.h"

namespace quern::cpu {

namespace {

constexpr size_t max_inputs = 3;
constexpr size_t parallel_elements = size_t(1) << 15;

void elementwise(const Primitive& primitive, const std::vector<array>& in,
                 std::vector<array>& outputs) {
  array& out = outputs[0];
  Dtype compute = float32;
  const Dtype dtype = in.back().dtype();
  const Tile tile = find_tile(primitive, dtype, compute);
  const bool converts = compute != dtype;
  const array* layout = common_layout(in);
  std::vector<TileReader> readers;
  readers.reserve(in.size());
  for (const array& a : in) {
    readers.emplace_back(a, converts ? compute_dtype(a.dtype()) : a.dtype(), layout != nullptr);
  }
  provide(out, in, layout, true);
  const TileWriter writer(out, converts ? compute_dtype(out.dtype()) : out.dtype());

  parallel_for(out.size(), parallel_elements, [&](size_t first, size_t last) {
    TileMemory scratch[max_inputs], result;
    const void* operands[max_inputs];
    for (size_t begin = first; begin < last; begin += tile_elements) {
      const size_t n = std::min(tile_elements, last - begin);
      for (size_t k = 0; k < readers.size(); ++k) {
        // The first tile is the longest: a constant needs no other.
        if (begin == first || !readers[k].is_constant()) {
          operands[k] = readers[k].read(begin, n, scratch[k]);
        }
      }
      tile(operands, writer.place(begin, result), n);
      writer.finish(begin, n, result);
    }
  });
}

}  // namespace

const TileTable& tiles() {
  // Never destroyed: kernels may run until the process ends.
  static const auto* table = [] {
    auto* made = new TileTable;
    TileTable& t = *made;
    add_arithmetic_tiles(t);
    add_bitwise_tiles(t);
    add_comparison_tiles(t);
    add_float_math_tiles(t);
    add_unary_tiles(t);
    add_wide_math_tiles(t);
    return made;
  }();
  return *table;
}

void register_elementwise(KernelTable& table) {
  for (const std::type_index primitive : tiles().primitives()) table.add(primitive, elementwise);
}

}  // namespace quern::cpu
