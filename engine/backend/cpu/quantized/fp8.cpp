#include "engine/primitives/fp8.h"

#include <algorithm>

#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/quantized/small_floats.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/backend/cpu/tile_reader.h"

namespace quern::cpu {

namespace {

constexpr size_t grain_tiles = 16;

/// f(n, in, out) for each tile of an elementwise conversion.
template <typename F>
void for_each_tile(const array& in, array& out, Dtype compute_in, Dtype compute_out, F&& f) {
  out.allocate();
  const TileReader reader(in, compute_in);
  const TileWriter writer(out, compute_out);
  const size_t size = out.size(), tiles = (size + tile_elements - 1) / tile_elements;
  parallel_for(tiles, grain_tiles, [&](size_t first, size_t last) {
    TileMemory in_memory, out_memory;
    for (size_t tile = first; tile < last; ++tile) {
      const size_t begin = tile * tile_elements, n = std::min(tile_elements, size - begin);
      f(n, reader.read(begin, n, in_memory), writer.place(begin, out_memory));
      writer.finish(begin, n, out_memory);
    }
  });
}

void to_fp8(const ToFP8&, const Arrays& in, Arrays& out) {
  for_each_tile(in[0], out[0], float32, uint8, [](size_t n, const void* from, void* to) {
    const auto* x = static_cast<const float*>(from);
    auto* codes = static_cast<uint8_t*>(to);
    for (size_t i = 0; i < n; ++i) codes[i] = to_e4m3(x[i]);
  });
}

void from_fp8(const FromFP8&, const Arrays& in, Arrays& out) {
  for_each_tile(in[0], out[0], uint8, float32, [](size_t n, const void* from, void* to) {
    const auto* codes = static_cast<const uint8_t*>(from);
    auto* x = static_cast<float*>(to);
    for (size_t i = 0; i < n; ++i) x[i] = from_e4m3(codes[i]);
  });
}

}  // namespace

void register_fp8(KernelTable& table) {
  table.add<ToFP8, to_fp8>();
  table.add<FromFP8, from_fp8>();
}

}  // namespace quern::cpu
