#include "engine/primitives/conv.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/backend/cpu/conv/depthwise.h"
#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/matmul/blas.h"
#include "engine/backend/cpu/matmul/float_product.h"
#include "engine/backend/cpu/strided.h"

namespace quern::cpu {

namespace {

using Arrays = std::vector<array>;

// A phase of a convolution is the product of the unfolded input, [positions, taps * channels], with
// the weight, [kernels, taps * channels]. The input is unfolded block by block, as the product asks
// for it.

/// Neighbouring columns of the unfolded input that belong to one tap.
struct Run {
  const ConvTap* tap;
  int64_t channel;
  int64_t count;
};

std::vector<Run> runs_of(const ConvPhase& phase, int64_t column, int64_t columns) {
  const int64_t channels = phase.g->channels;
  std::vector<Run> runs;
  for (int64_t k = column; k < column + columns;) {
    const int64_t channel = k % channels;
    const int64_t count = std::min(channels - channel, column + columns - k);
    runs.push_back({&phase.taps[size_t(k / channels)], channel, count});
    k += count;
  }
  return runs;
}

template <typename T, typename F>
void copy_run(const T* in, int64_t stride, F* out, int64_t n) {
  if constexpr (std::is_same_v<T, F>) {
    if (stride == 1 && n > 8)
      std::memcpy(out, in, size_t(n) * sizeof(T));
    else
      for (int64_t i = 0; i < n; ++i) out[i] = in[i * stride];
  } else {
    widen_strided(in, stride, out, size_t(n));
  }
}

/// A block of the unfolded input of one group, which starts at `in`, in the dtype that is
/// multiplied in.
template <typename T, typename F>
void unfold(const ConvPhase& phase, const T* in, int64_t row, int64_t rows, int64_t column,
            int64_t columns, F* out) {
  const std::vector<Run> runs = runs_of(phase, column, columns);
  const int64_t stride = phase.g->channel_stride;
  ConvPhase::Position position = phase.position(row);
  for (int64_t i = 0; i < rows; ++i, phase.advance(position)) {
    for (const Run& run : runs) {
      int64_t offset;
      if (phase.find(position, *run.tap, offset))
        copy_run(in + offset + run.channel * stride, stride, out, run.count);
      else
        std::fill_n(out, run.count, F(0));
      out += run.count;
    }
  }
}

/// The unfolded input where it lies: a kernel of one tap over all elements, whose positions are
/// evenly apart.
template <typename T>
bool try_matrix(const ConvPhase& phase, const T* in, Matrix<T>& matrix) {
  const ConvGeometry& g = *phase.g;
  if (g.tap_count() != 1 || !phase.is_whole() || phase.stride != ConvPhase::ones || g.in != g.out ||
      phase.taps[0].reach != SpatialLengths{0, 0, 0}) {
    return false;
  }
  const Shape shape{ShapeElem(g.batch), ShapeElem(g.in[0]), ShapeElem(g.in[1]), ShapeElem(g.in[2])};
  const Strides strides{g.batch_stride, g.in_strides[0], g.in_strides[1], g.in_strides[2]};
  const auto loop = merge_axes<1>(shape, {&strides});
  if (loop.shape.size() != 1) return false;
  matrix = {in, phase.positions(), g.channels, loop.row_stride(0), g.channel_stride};
  return true;
}

/// One group of a phase, whose weight is `weight` [kernels, taps * channels] and whose outputs are
/// out_stride apart.
template <typename T>
void convolve_group(const ConvPhase& phase, const T* in, const Matrix<T>& weight, T* out,
                    int64_t out_stride) {
  Matrix<T> whole{};
  const bool is_matrix = try_matrix(phase, in, whole);
  const auto load_in = [&](int64_t row, int64_t rows, int64_t k, int64_t ks, float* scratch) {
    if (is_matrix) return float_block(whole.block(row, rows, k, ks), scratch);
    unfold(phase, in, row, rows, k, ks, scratch);
    return Matrix<float>{scratch, rows, ks, ks, 1};
  };
  const auto load_weight = [&](int64_t k, int64_t ks, int64_t column, int64_t columns,
                               float* scratch) {
    return float_block(weight.block(column, columns, k, ks).transposed(), scratch);
  };
  const auto store = [&](const Tiling::Tile& t, float* sums, int64_t stride) {
    ConvPhase::Position position = phase.position(t.row);
    for (int64_t i = 0; i < t.rows; ++i, phase.advance(position)) {
      store_row(sums + i * stride, out + phase.output_index(position) * out_stride + t.column,
                t.columns);
    }
  };
  panel_gemm(phase.positions(), weight.rows, weight.columns, load_in, load_weight, store);
}

/// float64: BLAS over blocks of positions.
void convolve_group(const ConvPhase& phase, const double* in, const Matrix<double>& weight,
                    double* out, int64_t out_stride) {
  const int64_t depth = weight.columns, kernels = weight.rows, positions = phase.positions();
  const int64_t block = std::clamp<int64_t>((int64_t(1) << 17) / depth, 1, positions);
  const int64_t blocks = (positions + block - 1) / block;
  parallel_for(size_t(blocks), 1, [&](size_t begin, size_t end) {
    Scratch<double> unfolded(size_t(block * depth)), product(size_t(block * kernels));
    for (auto i = int64_t(begin); i < int64_t(end); ++i) {
      const int64_t row = i * block, rows = std::min(block, positions - row);
      unfold(phase, in, row, rows, 0, depth, unfolded.data());
      gemm(Matrix<double>{unfolded.data(), rows, depth, depth, 1}, weight.transposed(), 1, 0,
           product.data(), kernels);
      ConvPhase::Position position = phase.position(row);
      for (int64_t r = 0; r < rows; ++r, phase.advance(position)) {
        std::copy_n(product.data() + r * kernels, kernels,
                    out + phase.output_index(position) * out_stride);
      }
    }
  });
}

/// The weight's taps of the phase: [all kernels, taps * channels].
template <typename T>
void copy_taps(const ConvPhase& phase, const T* weight, T* out) {
  const ConvGeometry& g = *phase.g;
  for (int64_t k = 0; k < g.groups * g.kernels; ++k, weight += g.tap_count() * g.channels) {
    for (const ConvTap& tap : phase.taps) {
      out = std::copy_n(weight + tap.index * g.channels, g.channels, out);
    }
  }
}

template <typename T>
void convolve(const ConvPhase& phase, const array& input, const array& weight, array& out) {
  const ConvGeometry& g = *phase.g;
  const int64_t depth = int64_t(phase.taps.size()) * g.channels, out_stride = g.groups * g.kernels;
  Scratch<T> some(size_t(phase.is_whole() ? 0 : out_stride * depth));
  const T* taps = weight.data<T>();
  if (!phase.is_whole()) {
    copy_taps(phase, taps, some.data());
    taps = some.data();
  }
  const size_t grain = g.groups < ThreadPool::instance().size() ? size_t(g.groups) : size_t(1);
  parallel_for(size_t(g.groups), grain, [&](size_t begin, size_t end) {
    for (auto group = int64_t(begin); group < int64_t(end); ++group) {
      const T* in = input.data<T>() + group * g.channels * g.channel_stride;
      const T* first = taps + group * g.kernels * depth;
      convolve_group(phase, in, Matrix<T>{first, g.kernels, depth, depth, 1},
                     out.data<T>() + group * g.kernels, out_stride);
    }
  });
}

void convolution(const Convolution& p, const Arrays& in, Arrays& out) {
  out[0].allocate();
  const array& input = in[0];
  const array weight = row_contiguous(in[1]);
  const ConvGeometry g(p, input, weight, out[0]);
  const bool empty = out[0].size() == 0 || input.size() == 0 || weight.size() == 0;
  const std::vector<ConvPhase> phases = empty ? std::vector<ConvPhase>{} : phases_of(p, g);
  const auto has_taps = [](const ConvPhase& phase) { return !phase.taps.empty(); };
  if (empty || !std::all_of(phases.begin(), phases.end(), has_taps)) {
    std::fill_n(out[0].data<char>(), out[0].nbytes(), char(0));
  }
  for (const ConvPhase& phase : phases) {
    if (phase.taps.empty()) continue;
    if (g.channels == 1 && g.groups > 1) {
      depthwise_convolution(phase, input, weight, out[0]);
      continue;
    }
    dispatch(out[0].dtype(), [&]<typename T>(std::type_identity<T>) {
      if constexpr (!std::is_integral_v<T> && !std::is_same_v<T, complex64_t>)
        convolve<T>(phase, input, weight, out[0]);
    });
  }
}

}  // namespace

void register_conv(KernelTable& table) { table.add<Convolution, convolution>(); }

}  // namespace quern::cpu
