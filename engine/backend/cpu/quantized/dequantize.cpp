#include <algorithm>

#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/quantized/packed_matrix.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu {

namespace {

template <typename T>
void decode_rows(const PackedMatrix& w, T* out) {
  constexpr int64_t block = 1024;
  const auto grain = size_t(std::max<int64_t>(1, (int64_t(1) << 15) / w.columns));
  parallel_for(size_t(w.rows), grain, [&](size_t begin, size_t end) {
    float values[block];
    for (auto row = int64_t(begin); row < int64_t(end); ++row) {
      for (int64_t column = 0; column < w.columns; column += block) {
        const int64_t count = std::min(block, w.columns - column);
        decode_row(w, row, column, count, values);
        narrow(values, out + row * w.columns + column, size_t(count));
      }
    }
  });
}

void dequantize(const Dequantize& p, const Arrays& in, Arrays& out) {
  out[0].allocate();
  if (out[0].size() == 0) return;
  const PackedWeight weight(p.quantization, in.data());
  PackedMatrix w = weight.all();
  if (!p.quantization.has_biases() && in.size() > 2)
    w.factor = *in[2].data<float>() / global_scale_range;
  if (out[0].dtype() == float16) return decode_rows(w, out[0].data<float16_t>());
  if (out[0].dtype() == bfloat16) return decode_rows(w, out[0].data<bfloat16_t>());
  decode_rows(w, out[0].data<float>());
}

}  // namespace

void register_dequantize(KernelTable& table) { table.add<Dequantize, dequantize>(); }

}  // namespace quern::cpu
