#include <algorithm>

#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/elementwise/operands.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/backend/cpu/tile_reader.h"

namespace quern::cpu {

namespace {

constexpr size_t max_inputs = 3;
constexpr size_t parallel_elements = size_t(1) << 15;

/// Calls f(first, last) for ranges of elements: whole tiles, so that they begin where cache lines
/// do.
template <typename F>
void for_tiles(size_t size, F&& f) {
  const size_t tiles = (size + tile_elements - 1) / tile_elements;
  parallel_for(tiles, parallel_elements / tile_elements, [&](size_t first, size_t last) {
    f(first * tile_elements, std::min(size, last * tile_elements));
  });
}

/// Whether the inputs lie as the output will, element for element.
bool lie_alike(const Arrays& in) {
  return std::all_of(in.begin(), in.end(), [](const array& a) { return a.flags().row_contiguous; });
}

/// Runs the tile on the inputs' own memory.
void run_in_place(Tile tile, const Arrays& in, array& out, const TileWriter& writer) {
  const char* from[max_inputs] = {};
  size_t widths[max_inputs] = {};
  for (size_t k = 0; k < in.size(); ++k) {
    from[k] = in[k].data<char>();
    widths[k] = in[k].itemsize();
  }
  const size_t size = out.size(), operand_count = in.size();
  for_tiles(size, [&](size_t first, size_t last) {
    TileMemory result;
    const void* operands[max_inputs];
    for (size_t begin = first; begin < last; begin += tile_elements) {
      const size_t n = std::min(tile_elements, last - begin);
      for (size_t k = 0; k < operand_count; ++k) operands[k] = from[k] + begin * widths[k];
      tile(operands, writer.place(begin, result), n);
      writer.finish(begin, n, result);
    }
    writer.end();
  });
}

void elementwise(const Primitive& primitive, const Arrays& in, Arrays& outputs) {
  array& out = outputs[0];
  Dtype compute = float32;
  const Dtype dtype = in.back().dtype();
  const Tile tile = find_tile(primitive, dtype, compute);
  const bool converts = compute != dtype;
  const Dtype out_compute = converts ? compute_dtype(out.dtype()) : out.dtype();
  if (!converts && lie_alike(in)) {
    const bool is_new = provide(out, in, nullptr, true);
    return run_in_place(tile, in, out, TileWriter(out, out_compute, is_new));
  }
  const array* layout = common_layout(in);
  std::vector<TileReader> readers;
  readers.reserve(in.size());
  for (const array& a : in) {
    readers.emplace_back(a, converts ? compute_dtype(a.dtype()) : a.dtype(), layout != nullptr);
  }
  const bool is_new = provide(out, in, layout, true);
  const TileWriter writer(out, out_compute, is_new);

  for_tiles(out.size(), [&](size_t first, size_t last) {
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
    writer.end();
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
  tiles().for_each_primitive(
      [&](const std::type_info& primitive) { table.add(primitive, elementwise); });
}

}  // namespace quern::cpu
