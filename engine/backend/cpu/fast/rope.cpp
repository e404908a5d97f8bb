#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/elementwise/tiles.h"
#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/primitives/fast.h"
#include "engine/primitives/unary.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/fast/rope.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/float_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

/// Turns the pairs (x[i], x[i + half]).
template <typename T>
HWY_INLINE void turn_halves_of(const T* x, T* out, size_t half, const float* cosines,
                               const float* sines) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= half; i += lanes) {
    const auto a = load_floats(d, x + i), b = load_floats(d, x + half + i);
    const auto c = hn::LoadU(d, cosines + i), s = hn::LoadU(d, sines + i);
    store_floats(d, hn::Sub(hn::Mul(a, c), hn::Mul(b, s)), out + i);
    store_floats(d, hn::Add(hn::Mul(a, s), hn::Mul(b, c)), out + half + i);
  }
  for (; i < half; ++i) {
    const float a = float(x[i]), b = float(x[half + i]);
    out[i] = T(a * cosines[i] - b * sines[i]);
    out[half + i] = T(a * sines[i] + b * cosines[i]);
  }
}

void turn_halves(const void* x, void* out, Dtype dtype, size_t half, const float* cosines,
                 const float* sines) {
  const auto turn = [&]<typename T>(const T* from) {
    turn_halves_of(from, static_cast<T*>(out), half, cosines, sines);
  };
  if (dtype == float16)
    turn(static_cast<const float16_t*>(x));
  else if (dtype == bfloat16)
    turn(static_cast<const bfloat16_t*>(x));
  else
    turn(static_cast<const float*>(x));
}

/// Turns neighbouring pairs in place.
void turn_neighbours(float* x, size_t pairs, const float* cosines, const float* sines) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= pairs; i += lanes) {
    hn::Vec<decltype(d)> a, b;
    hn::LoadInterleaved2(d, x + 2 * i, a, b);
    const auto c = hn::LoadU(d, cosines + i), s = hn::LoadU(d, sines + i);
    hn::StoreInterleaved2(hn::Sub(hn::Mul(a, c), hn::Mul(b, s)),
                          hn::Add(hn::Mul(a, s), hn::Mul(b, c)), d, x + 2 * i);
  }
  for (; i < pairs; ++i) {
    const float a = x[2 * i], b = x[2 * i + 1];
    x[2 * i] = a * cosines[i] - b * sines[i];
    x[2 * i + 1] = a * sines[i] + b * cosines[i];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(turn_halves);
HWY_EXPORT(turn_neighbours);

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

/// The same, kept on this thread where they follow from a number: each layer asks for them.
const std::vector<float>& kept_frequencies(const fast::RoPE& p, const Arrays& in) {
  thread_local std::vector<float> kept;
  thread_local std::optional<float> base;
  if (!p.base || p.base != base || kept.size() != size_t(p.dims / 2)) {
    kept = frequencies(p, in);
    base = p.base;
  }
  return kept;
}

/// How many positions' angles are made at a time: heads are then turned so many vectors at a time,
/// which lie side by side.
constexpr size_t positions_together = 16;

/// Cosines and sines of the angles of positions one after the other. The last ones stay: a
/// decoder's layers all turn by the same.
class Angles {
 public:
  void turn_to(int64_t position, size_t count, float scale, bool forward,
               const std::vector<float>& frequencies) {
    const Place place{position, count, scale, forward};
    if (place == place_ && frequencies == frequencies_) return;
    place_ = place;
    frequencies_ = frequencies;
    const size_t pairs = frequencies.size();
    cosines_.resize(count * pairs);
    sines_.resize(count * pairs);
    std::vector<float> angles(pairs);
    const void* in = angles.data();
    for (size_t t = 0; t < count; ++t) {
      const float turned = float(position + int64_t(t)) * scale;
      for (size_t i = 0; i < pairs; ++i) angles[i] = turned * frequencies[i];
      tiles().find<Cos>(float32)(&in, cosines_.data() + t * pairs, pairs);
      if (!forward)
        for (float& angle : angles) angle = -angle;
      tiles().find<Sin>(float32)(&in, sines_.data() + t * pairs, pairs);
    }
  }

  size_t pairs() const { return frequencies_.size(); }
  /// Of the t-th position.
  const float* cosines(size_t t) const { return cosines_.data() + t * pairs(); }
  const float* sines(size_t t) const { return sines_.data() + t * pairs(); }

 private:
  struct Place {
    int64_t position = 0;
    size_t count = 0;
    float scale = 0;
    bool forward = true;
    bool operator==(const Place&) const = default;
  };

  Place place_;
  std::vector<float> cosines_, sines_, frequencies_;
};

/// Turns one vector of `width` elements to the t-th position; `row` has room for them.
template <typename T>
void turn_vector(const fast::RoPE& p, const Angles& angles, size_t t, const T* x, int64_t stride,
                 size_t width, T* out, std::vector<float>& row) {
  const auto halves = [&]<typename U>(const U* from, U* to) {
    HWY_DYNAMIC_DISPATCH(turn_halves)
    (from, to, dtype_of<U>(), angles.pairs(), angles.cosines(t), angles.sines(t));
  };
  const auto turned = size_t(p.dims);
  if (!p.traditional && stride == 1) {
    halves(x, out);
    std::copy(x + turned, x + width, out + turned);
    return;
  }
  row.resize(width);
  widen_strided(x, stride, row.data(), width);
  if (p.traditional) HWY_DYNAMIC_DISPATCH(turn_neighbours)
  (row.data(), angles.pairs(), angles.cosines(t), angles.sines(t));
  else halves(row.data(), row.data());
  narrow(row.data(), out, width);
}

/// x [B, ..., T, D] with T and D apart from the axes before them.
template <typename T>
void turn(const fast::RoPE& p, const Arrays& in, array& out) {
  const array &x = in[0], &offset = in[1];
  const auto time = size_t(x.shape(-2)), width = size_t(x.shape(-1));
  const size_t leading = x.size() / (time * width), per_batch = leading / size_t(x.shape(0));
  const int64_t time_stride = x.strides()[x.ndim() - 2], stride = x.strides()[x.ndim() - 1];
  const int64_t offset_stride = offset.size() > 1 ? offset.strides()[0] : 0;
  const std::vector<float>& turns = kept_frequencies(p, in);

  // Where the vectors of position 0 start.
  std::vector<int64_t> starts(leading, 0);
  for (size_t l = 0; l < leading; ++l) {
    size_t rest = l;
    for (size_t axis = x.ndim() - 2; axis-- > 0;) {
      starts[l] += int64_t(rest % size_t(x.shape()[axis])) * x.strides()[axis];
      rest /= size_t(x.shape()[axis]);
    }
  }

  const size_t alike = offset_stride == 0 ? leading : per_batch;  // vectors of the same positions
  const size_t grain = std::max<size_t>(1, 16384 / (leading * width));
  parallel_for(time, grain, [&](size_t first, size_t last) {
    thread_local Angles angles;
    std::vector<float> row;
    for (; first < last; first += positions_together) {
      const size_t count = std::min(positions_together, last - first);
      for (size_t l = 0; l < leading; ++l) {
        if (l % alike == 0) {
          const int32_t start = offset.data<int32_t>()[int64_t(l / per_batch) * offset_stride];
          angles.turn_to(int64_t(first) + start, count, p.scale, p.forward, turns);
        }
        for (size_t t = 0; t < count; ++t) {
          turn_vector(p, angles, t, x.data<T>() + starts[l] + int64_t(first + t) * time_stride,
                      stride, width, out.data<T>() + (l * time + first + t) * width, row);
        }
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
#endif  // HWY_ONCE
