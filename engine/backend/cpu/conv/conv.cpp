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

// A convolution is the product of the unfolded input, [positions, taps * channels], with the
// weight, [kernels, taps * channels]. The input is unfolded block by block, as the product asks for
// it.

/// Neighbouring columns of the unfolded input that belong to one tap.
struct Run {
  ConvGeometry::Three reach;
  int64_t channel;
  int64_t count;
};

std::vector<Run> runs_of(const ConvGeometry& g, int64_t column, int64_t columns) {
  std::vector<Run> runs;
  for (int64_t k = column; k < column + columns;) {
    const int64_t tap = k / g.channels, channel = k % g.channels;
    const int64_t count = std::min(g.channels - channel, column + columns - k);
    runs.push_back({g.reach(g.flip ? g.tap_count() - 1 - tap : tap), channel, count});
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
void unfold(const ConvGeometry& g, const T* in, int64_t row, int64_t rows, int64_t column,
            int64_t columns, F* out) {
  const std::vector<Run> runs = runs_of(g, column, columns);
  ConvGeometry::Position position = g.position(row);
  for (int64_t i = 0; i < rows; ++i, g.advance(position)) {
    for (const Run& run : runs) {
      int64_t offset;
      if (g.find(position, run.reach, offset))
        copy_run(in + offset + run.channel * g.channel_stride, g.channel_stride, out, run.count);
      else
        std::fill_n(out, run.count, F(0));
      out += run.count;
    }
  }
}

/// The unfolded input where it lies: a kernel of one tap over all elements, whose positions are
/// evenly apart.
template <typename T>
bool try_matrix(const ConvGeometry& g, const T* in, Matrix<T>& matrix) {
  const ConvGeometry::Three ones{1, 1, 1}, zeros{0, 0, 0};
  if (g.tap_count() != 1 || g.stride != ones || g.input_dilation != ones || g.padding != zeros ||
      g.in != g.out) {
    return false;
  }
  const Shape shape{ShapeElem(g.batch), ShapeElem(g.in[0]), ShapeElem(g.in[1]), ShapeElem(g.in[2])};
  const Strides strides{g.batch_stride, g.in_strides[0], g.in_strides[1], g.in_strides[2]};
  const auto loop = merge_axes<1>(shape, {&strides});
  if (loop.shape.size() != 1) return false;
  matrix = {in, g.positions(), g.channels, loop.row_stride(0), g.channel_stride};
  return true;
}

/// One group, whose weight is `weight` [kernels, taps * channels] and whose outputs lie out_stride
/// apart.
template <typename T>
void convolve_group(const ConvGeometry& g, const T* in, const Matrix<T>& weight, T* out,
                    int64_t out_stride) {
  Matrix<T> whole{};
  const bool is_matrix = try_matrix(g, in, whole);
  const auto load_in = [&](int64_t row, int64_t rows, int64_t k, int64_t ks, float* scratch) {
    if (is_matrix) return float_block(whole.block(row, rows, k, ks), scratch);
    unfold(g, in, row, rows, k, ks, scratch);
    return Matrix<float>{scratch, rows, ks, ks, 1};
  };
  const auto load_weight = [&](int64_t k, int64_t ks, int64_t column, int64_t columns,
                               float* scratch) {
    return float_block(weight.block(column, columns, k, ks).transposed(), scratch);
  };
  const auto store = [&](const Tiling::Tile& t, float* sums, int64_t stride) {
    for (int64_t i = 0; i < t.rows; ++i) {
      store_row(sums + i * stride, out + (t.row + i) * out_stride + t.column, t.columns);
    }
  };
  panel_gemm(g.positions(), g.kernels, weight.columns, load_in, load_weight, store);
}

/// float64: BLAS over blocks of positions.
void convolve_group(const ConvGeometry& g, const double* in, const Matrix<double>& weight,
                    double* out, int64_t out_stride) {
  const int64_t depth = weight.columns, positions = g.positions();
  const int64_t block = std::clamp<int64_t>((int64_t(1) << 17) / depth, 1, positions);
  const int64_t blocks = (positions + block - 1) / block;
  parallel_for(size_t(blocks), 1, [&](size_t begin, size_t end) {
    Scratch<double> unfolded(size_t(block * depth));
    for (auto i = int64_t(begin); i < int64_t(end); ++i) {
      const int64_t row = i * block, rows = std::min(block, positions - row);
      unfold(g, in, row, rows, 0, depth, unfolded.data());
      gemm(Matrix<double>{unfolded.data(), rows, depth, depth, 1}, weight.transposed(), 1, 0,
           out + row * out_stride, out_stride);
    }
  });
}

template <typename T>
void convolve(const ConvGeometry& g, const array& input, const array& weight, array& out) {
  const int64_t depth = g.tap_count() * g.channels, out_stride = g.groups * g.kernels;
  const size_t grain = g.groups < ThreadPool::instance().size() ? size_t(g.groups) : size_t(1);
  parallel_for(size_t(g.groups), grain, [&](size_t begin, size_t end) {
    for (auto group = int64_t(begin); group < int64_t(end); ++group) {
      const T* in = input.data<T>() + group * g.channels * g.channel_stride;
      const T* first = weight.data<T>() + group * g.kernels * depth;
      convolve_group(g, in, Matrix<T>{first, g.kernels, depth, depth, 1},
                     out.data<T>() + group * g.kernels, out_stride);
    }
  });
}

void convolution(const Convolution& p, const Arrays& in, Arrays& out) {
  out[0].allocate();
  if (out[0].size() == 0) return;
  const array& input = in[0];
  if (input.size() == 0 || in[1].size() == 0) {
    std::fill_n(out[0].data<char>(), out[0].nbytes(), char(0));
    return;
  }
  const array weight = row_contiguous(in[1]);
  const ConvGeometry g(p, input, weight, out[0]);
  if (g.channels == 1 && g.groups > 1) return depthwise_convolution(g, input, weight, out[0]);
  switch (out[0].dtype()) {
    case Dtype::Val::float16:
      return convolve<float16_t>(g, input, weight, out[0]);
    case Dtype::Val::bfloat16:
      return convolve<bfloat16_t>(g, input, weight, out[0]);
    case Dtype::Val::float64:
      return convolve<double>(g, input, weight, out[0]);
    default:
      return convolve<float>(g, input, weight, out[0]);
  }
}

}  // namespace

void register_conv(KernelTable& table) { table.add<Convolution, convolution>(); }

}  // namespace quern::cpu
