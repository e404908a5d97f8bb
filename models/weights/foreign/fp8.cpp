#include <fmt/format.h>

#include "engine/backend/cpu/quantized/small_floats.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/ops/cast.h"
#include "engine/ops/host_function.h"
#include "engine/ops/shape.h"
#include "models/weights/foreign/foreign.h"
#include "models/weights/foreign/repack.h"

namespace quern::models {

namespace {

/// How many rows or columns share a scale: all, one, or the power of two that `count` blocks of it
/// cover `length` with; 0 when there is none.
int block_length(int length, int count) {
  if (count == 1) return std::max(length, 1);
  if (count == length) return 1;
  for (int block = 2; block < length; block *= 2) {
    if ((length + block - 1) / block == count) return block;
  }
  return 0;
}

struct Blocks {
  int rows, columns;
};

Blocks find_blocks(const std::string& path, const array& weight, const array& scale) {
  if (scale.size() == 1) return {std::max(weight.shape(-2), 1), std::max(weight.shape(-1), 1)};
  Shape wide = scale.shape();
  if (wide.size() + 1 == weight.ndim()) wide.push_back(1);  // one for each row
  const bool same_matrices = wide.size() == weight.ndim() &&
                             std::equal(wide.begin(), wide.end() - 2, weight.shape().begin());
  const Blocks blocks = same_matrices
                            ? Blocks{block_length(weight.shape(-2), wide[wide.size() - 2]),
                                     block_length(weight.shape(-1), wide[wide.size() - 1])}
                            : Blocks{0, 0};
  if (blocks.rows == 0 || blocks.columns == 0) {
    fail_module(path, fmt::format("is of shape {} with scales of shape {}, which do not fit",
                                  to_string(weight.shape()), to_string(scale.shape())));
  }
  return blocks;
}

/// Scales are floats, or powers of two as bytes.
array float_scales(const array& scale) {
  if (scale.dtype() != uint8) return astype(scale, float32);
  return host_function(
      [](const Arrays& in, Arrays& out) {
        for (size_t i = 0; i < in[0].size(); ++i)
          out[0].data<float>()[i] = cpu::from_e8m0(in[0].data<uint8_t>()[i]);
      },
      {scale}, {scale.shape()}, {float32})[0];
}

array decoded(const array& weight, const array& scale, Blocks blocks) {
  const auto decode = [blocks](const Arrays& in, Arrays& out) {
    const int64_t rows = in[0].shape(-2), columns = in[0].shape(-1);
    const int64_t across = (columns + blocks.columns - 1) / blocks.columns;
    const int64_t down = (rows + blocks.rows - 1) / blocks.rows;
    const bool one = in[1].size() == 1;
    const auto* from = in[0].data<uint8_t>();
    const auto* scales = in[1].data<float>();
    auto* to = out[0].data<bfloat16_t>();
    cpu::parallel_for(
        size_t(in[0].size()) / size_t(std::max<int64_t>(columns, 1)), 16,
        [&](size_t begin, size_t end) {
          for (auto row = int64_t(begin); row < int64_t(end); ++row) {
            const int64_t matrix = row / rows, block = row % rows / blocks.rows;
            const float* of_row = one ? scales : scales + (matrix * down + block) * across;
            for (int64_t k = 0; k < columns; ++k) {
              to[row * columns + k] =
                  bfloat16_t(cpu::from_e4m3(from[row * columns + k]) * of_row[k / blocks.columns]);
            }
          }
        });
  };
  return host_function(decode, {weight, float_scales(scale)}, {weight.shape()}, {bfloat16})[0];
}

}  // namespace

void read_fp8(Weights& weights) {
  for (const char* ending : {"weight_scale_inv", "weight_scale"}) {
    for (const std::string& path : modules_with(weights, ending)) {
      const auto weight = weights.find(path + ".weight");
      if (weight == weights.end() || weight->second.dtype() != uint8 || weight->second.ndim() < 2)
        continue;
      const array scale = *find_part(weights, path, ending);
      weight->second = decoded(weight->second, scale, find_blocks(path, weight->second, scale));
    }
  }
  // What activations were quantized with: they stay as precise as they are here.
  for (const char* ending :
       {"activation_scale", "input_scale", "k_scale", "v_scale", "input_scale_ub"}) {
    for (const std::string& path : modules_with(weights, ending))
      weights.erase(path + "." + ending);
  }
}

}  // namespace quern::models
