#include <cmath>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/scratch.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/primitives/fast.h"

namespace quern::cpu {

namespace {

using Arrays = std::vector<array>;

/// Turns per position of each pair, in float32 as models are trained with.
std::vector<float> frequencies(const fast::RoPE& p, const Arrays& in) {
  std::vector<float> frequencies(size_t(p.dims / 2));
  for (size_t i = 0; i < frequencies.size(); ++i) {
    if (p.base) {
      frequencies[i] =
          float(std::exp(-double(i) * std::log(double(*p.base)) / double(frequencies.size())));
    } else {
      frequencies[i] = 1.0f / in[2].data<float>()[int64_t(i) * in[2].strides()[0]];
    }
  }
  return frequencies;
}

/// Turns the pairs of one vector in place.
void turn_row(float* x, size_t half, bool traditional, const float* cosines, const float* sines) {
  if (traditional) {
    for (size_t i = 0; i < half; ++i) {
      const float a = x[2 * i], b = x[2 * i + 1];
      x[2 * i] = a * cosines[i] - b * sines[i];
      x[2 * i + 1] = a * sines[i] + b * cosines[i];
    }
  } else {
    float* y = x + half;
    for (size_t i = 0; i < half; ++i) {
      const float a = x[i], b = y[i];
      x[i] = a * cosines[i] - b * sines[i];
      y[i] = a * sines[i] + b * cosines[i];
    }
  }
}

/// x [B, ..., T, D] with T and D apart from the axes before them.
template <typename T>
void turn(const fast::RoPE& p, const Arrays& in, array& out) {
  const array &x = in[0], &offset = in[1];
  const auto time = size_t(x.shape(-2)), width = size_t(x.shape(-1)), half = size_t(p.dims / 2);
  const size_t leading = x.size() / (time * width), per_batch = leading / size_t(x.shape(0));
  const int64_t time_stride = x.strides()[x.ndim() - 2], stride = x.strides()[x.ndim() - 1];
  const int64_t offset_stride = offset.size() > 1 ? offset.strides()[0] : 0;
  const std::vector<float> turns = frequencies(p, in);

  // Where the vectors of position 0 start.
  std::vector<int64_t> starts(leading, 0);
  for (size_t l = 0; l < leading; ++l) {
    size_t rest = l;
    for (size_t axis = x.ndim() - 2; axis-- > 0;) {
      starts[l] += int64_t(rest % size_t(x.shape()[axis])) * x.strides()[axis];
      rest /= size_t(x.shape()[axis]);
    }
  }

  const size_t grain = std::max<size_t>(1, 16384 / (leading * width));
  parallel_for(time, grain, [&](size_t first, size_t last) {
    std::vector<float> cosines(half), sines(half), row(width);
    for (size_t t = first; t < last; ++t) {
      for (size_t l = 0; l < leading; ++l) {
        if (l == 0 || (offset_stride != 0 && l % per_batch == 0)) {
          const int32_t start = offset.data<int32_t>()[int64_t(l / per_batch) * offset_stride];
          const float position = float(int64_t(t) + start) * p.scale;
          for (size_t i = 0; i < half; ++i) {
            cosines[i] = std::cos(position * turns[i]);
            sines[i] = p.forward ? std::sin(position * turns[i]) : -std::sin(position * turns[i]);
          }
        }
        widen_strided(x.data<T>() + starts[l] + int64_t(t) * time_stride, stride, row.data(),
                      width);
        turn_row(row.data(), half, p.traditional, cosines.data(), sines.data());
        narrow(row.data(), out.data<T>() + (l * time + t) * width, width);
      }
    }
  });
}

void rope(const fast::RoPE& p, const Arrays& in, Arrays& out) {
  out[0].allocate();
  if (out[0].size() == 0) return;
  switch (out[0].dtype()) {
    case Dtype::Val::float16:
      return turn<float16_t>(p, in, out[0]);
    case Dtype::Val::bfloat16:
      return turn<bfloat16_t>(p, in, out[0]);
    default:
      return turn<float>(p, in, out[0]);
  }
}

}  // namespace

void register_rope(KernelTable& table) { table.add<fast::RoPE, rope>(); }

}  // namespace quern::cpu
