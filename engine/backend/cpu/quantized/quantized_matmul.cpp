#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/quantized/product.h"
#include "engine/primitives/quantized.h"

namespace quern::cpu {

namespace {

/// Where the matrix of an operand for one of the output's batches is: its number among the
/// operand's.
int64_t batch_of(const array& operand, const array& out, int64_t batch) {
  int64_t index = 0, step = 1;
  for (size_t i = 2; i < out.ndim(); ++i) {
    const int64_t length = out.shape()[out.ndim() - 1 - i], at = batch % length;
    batch /= length;
    if (i >= operand.ndim()) continue;
    const int64_t own = operand.shape()[operand.ndim() - 1 - i];
    if (own != 1) index += at * step;
    step *= own;
  }
  return index;
}

/// Whether there is something to compute; fills the output when its sums are empty.
bool has_products(const array& x, array& out) {
  out.allocate();
  if (out.size() == 0) return false;
  if (x.shape(-1) != 0) return true;
  std::fill_n(out.data<char>(), out.nbytes(), char(0));
  return false;
}

void quantized_matmul(const QuantizedMatmul& p, const Arrays& in, Arrays& out) {
  if (!has_products(in[0], out[0])) return;
  const PackedWeight weight(p.quantization, &in[1]);
  const array x = row_contiguous(in[0]);
  const int64_t n = out[0].shape(-1);
  char* to = out[0].data<char>();
  const Dtype dtype = out[0].dtype();
  if (weight.is_single()) {
    const int64_t rows = int64_t(out[0].size()) / n;
    return multiply({{weight.all(), p.transpose, p.rounds_x, x.data<char>(), x.dtype(), nullptr,
                      rows, to, dtype, nullptr}});
  }
  const int64_t m = x.shape(-2), batches = int64_t(out[0].size()) / (m * n);
  std::vector<Product> products;
  for (int64_t batch = 0; batch < batches; ++batch) {
    products.push_back(
        {weight.matrix(batch_of(in[1], out[0], batch)), p.transpose, p.rounds_x,
         x.data<char>() + batch_of(x, out[0], batch) * m * x.shape(-1) * int64_t(x.dtype().size()),
         x.dtype(), nullptr, m, to + batch * m * n * int64_t(dtype.size()), dtype, nullptr});
  }
  multiply(products);
}

void quantized_matmuls(const QuantizedMatmuls& p, const Arrays& in, Arrays& out) {
  const array x = row_contiguous(in[0]);
  std::vector<PackedWeight> weights;
  std::vector<Product> products;
  for (size_t i = 0; i < out.size(); ++i) {
    if (!has_products(x, out[i])) continue;
    weights.emplace_back(p.quantization, &in[1 + i * p.parts()]);
    const int64_t rows = int64_t(out[i].size()) / out[i].shape(-1);
    products.push_back({weights.back().all(), true, true, x.data<char>(), x.dtype(), nullptr, rows,
                        out[i].data<char>(), out[i].dtype(), nullptr});
  }
  multiply(products);
}

/// Indices in row-major order, each checked against the number of matrices it counts.
std::vector<int64_t> checked_indices(const array& indices, int64_t count, const char* what) {
  const array dense = row_contiguous(indices);
  const uint32_t* from = dense.data<uint32_t>();
  std::vector<int64_t> numbers(from, from + dense.size());
  for (const int64_t number : numbers) {
    if (number < count) continue;
    throw std::out_of_range(
        fmt::format("[gather_qmm] {} has {}, but there are {} matrices", what, number, count));
  }
  return numbers;
}

/// The output's rows by the matrix that they are multiplied with, so that each packed matrix is
/// read once however often it is chosen.
struct RowsByMatrix {
  RowsByMatrix(const std::vector<int64_t>& lhs, const std::vector<int64_t>& rhs, int64_t matrices,
               int64_t rows)
      : starts(size_t(matrices) + 1, 0),
        x_rows(rhs.size() * size_t(rows)),
        out_rows(x_rows.size()) {
    for (const int64_t matrix : rhs) starts[size_t(matrix) + 1] += rows;
    for (size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
    std::vector<int64_t> next(starts.begin(), starts.end() - 1);
    for (size_t i = 0; i < rhs.size(); ++i) {
      int64_t& place = next[size_t(rhs[i])];
      for (int64_t r = 0; r < rows; ++r, ++place) {
        x_rows[size_t(place)] = lhs[i] * rows + r;
        out_rows[size_t(place)] = int64_t(i) * rows + r;
      }
    }
  }

  std::vector<int64_t> starts;  ///< where each matrix's rows are in the lists, and their end
  std::vector<int64_t> x_rows, out_rows;
};

void gather_qmm(const GatherQMM& p, const Arrays& in, Arrays& out) {
  if (!has_products(in[0], out[0])) return;
  const PackedWeight weight(p.quantization, &in[1]);
  const array x = row_contiguous(in[0]);
  const int64_t rows = x.shape(-2), matrices = weight.all().rows / weight.matrix_rows();
  const std::vector<int64_t> lhs =
      checked_indices(in[in.size() - 2], int64_t(x.size()) / (rows * x.shape(-1)), "lhs_indices");
  const std::vector<int64_t> rhs = checked_indices(in.back(), matrices, "rhs_indices");
  const RowsByMatrix by_matrix(lhs, rhs, matrices, rows);
  std::vector<Product> products;
  for (int64_t matrix = 0; matrix < matrices; ++matrix) {
    const int64_t first = by_matrix.starts[size_t(matrix)],
                  count = by_matrix.starts[size_t(matrix) + 1] - first;
    if (count == 0) continue;
    products.push_back({weight.matrix(matrix), p.transpose, p.rounds_x, x.data<char>(), x.dtype(),
                        by_matrix.x_rows.data() + first, count, out[0].data<char>(), out[0].dtype(),
                        by_matrix.out_rows.data() + first});
  }
  multiply(products);
}

}  // namespace

void register_quantized_matmul(KernelTable& table) {
  table.add<QuantizedMatmul, quantized_matmul>();
  table.add<QuantizedMatmuls, quantized_matmuls>();
  table.add<GatherQMM, gather_qmm>();
}

}  // namespace quern::cpu
