#include "engine/backend/cpu/quantized/packed_matrix.h"

#include "engine/backend/cpu/copy.h"

namespace quern::cpu {

namespace {

/// Row-major bytes, wherever they start.
array dense(const array& a) { return a.flags().row_contiguous ? a : row_contiguous(a); }

}  // namespace

PackedMatrix PackedMatrix::from_row(int64_t first) const {
  PackedMatrix w = *this;
  const int64_t parameters = first * groups() * int64_t(scale_bytes(scale_kind));
  w.packed += first * row_bytes();
  w.scales += parameters;
  if (biases != nullptr) w.biases += parameters;
  return w;
}

PackedWeight::PackedWeight(const Quantization& quantization, const array* parts)
    : packed_(dense(parts[0])), scales_(dense(parts[1])), matrix_rows_(packed_.shape(-2)) {
  if (quantization.has_biases()) biases_ = dense(parts[2]);
  const int64_t columns = unpacked_shape(packed_.shape(), quantization).back();
  all_ = PackedMatrix{packed_.data<uint8_t>(),
                      scales_.data<uint8_t>(),
                      biases_ ? biases_->data<uint8_t>() : nullptr,
                      code_of(quantization),
                      scale_kind_of(quantization, scales_.dtype()),
                      quantization.group_size,
                      columns == 0 ? 0 : int64_t(packed_.size()) / packed_.shape(-1),
                      columns};
}

PackedMatrix PackedWeight::matrix(int64_t index) const {
  PackedMatrix w = all_.from_row(index * matrix_rows_);
  w.rows = matrix_rows_;
  return w;
}

}  // namespace quern::cpu
