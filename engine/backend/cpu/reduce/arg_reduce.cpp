#include <algorithm>
#include <type_traits>

#include "engine/array/dispatch.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/reduce/reducers.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/backend/cpu/tile_reader.h"
#include "engine/primitives/reduce.h"

namespace quern::cpu {

namespace {

constexpr size_t parallel_elements = size_t(1) << 15;

template <typename T>
bool is_nan(T x) {
  return x != x;
}

/// The reducer finds each tile's extremum at full speed; only a tile that beats those before it is
/// searched for the place.
template <typename T>
uint32_t arg_extremum(const TileReader& reader, const Reducer& reducer, size_t begin, size_t n,
                      bool larger) {
  TileMemory scratch;
  T best{};
  size_t place = 0;
  for (size_t i = 0; i < n; i += tile_elements) {
    const size_t count = std::min(tile_elements, n - i);
    const void* x = reader.read(begin + i, count, scratch);
    T extremum;
    reducer.start(&extremum, 1);
    reducer.add_runs(x, count, 1, &extremum);
    if (i > 0 && !is_nan(extremum) && !(larger ? extremum > best : extremum < best)) continue;
    best = extremum;
    place = i + reducer.find(x, count, &best);
    if (is_nan(best)) break;
  }
  return uint32_t(place);
}

template <typename P, typename Extremum>
void arg_reduce(const P& p, const std::vector<array>& in, std::vector<array>& outputs) {
  array& out = outputs[0];
  out.allocate();
  const array& a = in[0];
  const auto axis = size_t(p.axes[0]);
  Shape shape = a.shape();
  Strides strides = a.strides();
  const auto n = size_t(shape[axis]);
  shape.erase(shape.begin() + axis);
  strides.erase(strides.begin() + axis);
  shape.push_back(a.shape()[axis]);
  strides.push_back(a.strides()[axis]);

  const TileReader reader(a, shape, strides, a.dtype());
  const Reducer& reducer = reducers().find(Extremum(p.stream(), p.axes), a.dtype());
  uint32_t* to = out.data<uint32_t>();
  dispatch(compute_dtype(a.dtype()), [&]<typename T>(std::type_identity<T>) {
    if constexpr (std::is_arithmetic_v<T>) {
      parallel_for(
          out.size(), std::max<size_t>(1, parallel_elements / n), [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; ++i) {
              to[i] = arg_extremum<T>(reader, reducer, i * n, n, std::is_same_v<P, ArgMax>);
            }
          });
    }
  });
}

}  // namespace

void register_arg_reduce(KernelTable& table) {
  table.add<ArgMax, arg_reduce<ArgMax, Max>>();
  table.add<ArgMin, arg_reduce<ArgMin, Min>>();
}

}  // namespace quern::cpu
