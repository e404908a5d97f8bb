#include "engine/ops/quantized.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/creation.h"
#include "engine/ops/fast.h"
#include "engine/ops/matmul.h"
#include "engine/ops/shape.h"
#include "engine/primitives/matmul.h"
#include "engine/primitives/quantized.h"

namespace quern {

namespace {

bool is_weight_dtype(Dtype dtype) {
  return dtype == float32 || dtype == float16 || dtype == bfloat16;
}

void require_weight_dtype(Dtype dtype, const char* what, const char* where) {
  if (is_weight_dtype(dtype)) return;
  throw std::invalid_argument(fmt::format("[{}] {} must be float32, float16 or bfloat16, not {}",
                                          where, what, dtype_name(dtype)));
}

void require_packed(const array& w, const char* where) {
  if (w.dtype() != uint32) {
    throw std::invalid_argument(
        fmt::format("[{}] a packed weight is uint32, not {}", where, dtype_name(w.dtype())));
  }
  if (w.ndim() >= 2) return;
  throw std::invalid_argument(fmt::format("[{}] a packed weight has 2 axes or more, not shape {}",
                                          where, to_string(w.shape())));
}

void require_groups(const array& w, const array& scales, const Quantization& q, const char* what,
                    const char* where) {
  const int64_t stream_bits = int64_t(w.shape(-1)) * 32;
  const int64_t elements = stream_bits / q.bits;
  Shape groups = w.shape();
  groups.back() = ShapeElem(elements / q.group_size);
  if (stream_bits % q.bits == 0 && elements % q.group_size == 0 && scales.shape() == groups) return;
  throw std::invalid_argument(fmt::format(
      "[{}] {} of shape {} do not fit a packed weight of shape {} with {} bits and groups of {}",
      where, what, to_string(scales.shape()), to_string(w.shape()), q.bits, q.group_size));
}

/// The packed weight as the primitives take it, checked: {w, scales} or {w, scales, biases}, these
/// of one dtype.
Arrays checked_weight(const array& w, const array& scales, const std::optional<array>& biases,
                      const Quantization& q, const char* where, StreamOrDevice s) {
  require_packed(w, where);
  require_groups(w, scales, q, "scales", where);
  if (q.has_biases() != biases.has_value()) {
    throw std::invalid_argument(fmt::format("[{}] mode \"{}\" {} biases", where, mode_name(q.mode),
                                            q.has_biases() ? "needs" : "has no"));
  }
  if (!q.has_biases()) {
    if (scales.dtype() == uint8) return {w, scales};
    throw std::invalid_argument(fmt::format("[{}] the scales of mode \"{}\" are uint8, not {}",
                                            where, mode_name(q.mode), dtype_name(scales.dtype())));
  }
  require_groups(w, *biases, q, "biases", where);
  const Dtype dtype = result_type(scales, *biases);
  require_weight_dtype(dtype, "scales and biases", where);
  return {w, astype(scales, dtype, s), astype(*biases, dtype, s)};
}

/// Appends the scale to the inputs, checked.
void add_global_scale(Arrays& inputs, const std::optional<array>& global_scale,
                      const Quantization& q, const char* where, StreamOrDevice s) {
  if (!global_scale) return;
  if (!q.has_global_scale()) {
    throw std::invalid_argument(
        fmt::format("[{}] mode \"{}\" takes no global_scale", where, mode_name(q.mode)));
  }
  if (global_scale->size() != 1) {
    throw std::invalid_argument(fmt::format("[{}] global_scale is one number, not of shape {}",
                                            where, to_string(global_scale->shape())));
  }
  inputs.push_back(astype(reshape(*global_scale, {}, s), float32, s));
}

/// {w} or {w, global_scale}, checked: what is to be quantized.
Arrays quantize_inputs(const array& w, const std::optional<array>& global_scale,
                       const Quantization& q, const char* where, StreamOrDevice s) {
  require_weight_dtype(w.dtype(), "what is quantized", where);
  if (w.ndim() < 2 || w.shape(-1) % q.group_size != 0) {
    throw std::invalid_argument(fmt::format(
        "[{}] needs 2 axes or more, the last a multiple of the group size {}, not shape {}", where,
        q.group_size, to_string(w.shape())));
  }
  if (int64_t(w.shape(-1)) * q.bits % 32 != 0) {
    throw std::invalid_argument(fmt::format(
        "[{}] rows of {} elements of {} bits do not fill words of 32", where, w.shape(-1), q.bits));
  }
  Arrays inputs = {w};
  add_global_scale(inputs, global_scale, q, where, s);
  return inputs;
}

/// Dtype of a product with a checked weight.
Dtype product_dtype(const array& x, const Arrays& weight, const Quantization& q,
                    const char* where) {
  const Dtype dtype = q.has_biases() ? result_type(x, weight[1]) : x.dtype();
  require_weight_dtype(dtype, "the product", where);
  return dtype;
}

/// Numbers of the matrices of a's leading axes, checked: the given ones or all.
array matrix_numbers(const std::optional<array>& indices, const array& a, const char* what,
                     StreamOrDevice s) {
  if (!indices) {
    Shape batch(a.shape().begin(), a.shape().end() - 2);
    const auto count = double(element_count(batch));
    return reshape(arange(0.0, count, uint32, s), std::move(batch), s);
  }
  if (!issubdtype(indices->dtype(), integer)) {
    throw std::invalid_argument(fmt::format("[gather_qmm] {} must be integers, not {}", what,
                                            dtype_name(indices->dtype())));
  }
  return astype(*indices, uint32, s);
}

/// A mode of small floats, for activations.
Quantization activation_quantization(const std::string& mode, std::optional<int> group_size,
                                     std::optional<int> bits, const char* where) {
  const Quantization q = make_quantization(mode, group_size, bits, where);
  if (!q.has_biases()) return q;
  throw std::invalid_argument(
      fmt::format("[{}] mode \"{}\" does not quantize activations", where, mode));
}

/// x as it is after quantization, in float32.
array round_trip(const array& x, const std::optional<array>& global_scale, const Quantization& q,
                 const char* where, StreamOrDevice s) {
  return array(x.shape(), float32, make_pooled<QuantizeRoundTrip>(to_stream(s), q),
               quantize_inputs(x, global_scale, q, where, s));
}

/// The product with a weight whose global scale is left out yet, in x's dtype.
array finish_product(array product, const std::optional<array>& global_scale, Dtype dtype,
                     const Quantization& q, const char* where, StreamOrDevice s) {
  Arrays scale;
  add_global_scale(scale, global_scale, q, where, s);
  if (!scale.empty()) {
    product = multiply(product, divide(scale[0], array(global_scale_range, float32), s), s);
  }
  return astype(std::move(product), dtype, s);
}

}  // namespace

std::vector<array> quantize(const array& w, std::optional<int> group_size, std::optional<int> bits,
                            const std::string& mode, const std::optional<array>& global_scale,
                            StreamOrDevice s) {
  const Quantization q = make_quantization(mode, group_size, bits, "quantize");
  Arrays inputs = quantize_inputs(w, global_scale, q, "quantize", s);
  const auto primitive = make_pooled<Quantize>(to_stream(s), q);
  std::vector<Shape> shapes = primitive->output_shapes(inputs);
  std::vector<Dtype> dtypes = {uint32, uint8};
  if (q.has_biases()) dtypes = {uint32, w.dtype(), w.dtype()};
  return array::make_arrays(std::move(shapes), dtypes, primitive, std::move(inputs));
}

array dequantize(const array& w, const array& scales, const std::optional<array>& biases,
                 std::optional<int> group_size, std::optional<int> bits, const std::string& mode,
                 const std::optional<array>& global_scale, std::optional<Dtype> dtype,
                 StreamOrDevice s) {
  const Quantization q = make_quantization(mode, group_size, bits, "dequantize");
  Arrays inputs = checked_weight(w, scales, biases, q, "dequantize", s);
  add_global_scale(inputs, global_scale, q, "dequantize", s);
  const Dtype out = dtype.value_or(q.has_biases() ? inputs[1].dtype() : bfloat16);
  require_weight_dtype(out, "the result", "dequantize");
  return array(unpacked_shape(w.shape(), q), out, make_pooled<Dequantize>(to_stream(s), q),
               std::move(inputs));
}

namespace {

array multiply_quantized(array x, array w, array scales, std::optional<array> biases,
                         bool transpose, std::optional<int> group_size, std::optional<int> bits,
                         const std::string& mode, bool rounds_x, StreamOrDevice s) {
  const Quantization q = make_quantization(mode, group_size, bits, "quantized_matmul");
  const Arrays weight = checked_weight(w, scales, biases, q, "quantized_matmul", s);
  const Dtype dtype = product_dtype(x, weight, q, "quantized_matmul");
  if (x.ndim() == 0) throw std::invalid_argument("[quantized_matmul] x is a scalar");
  const bool row = x.ndim() == 1;
  if (row) x = expand_dims(x, 0, s);
  if (!is_weight_dtype(x.dtype())) x = astype(std::move(x), dtype, s);
  const auto primitive = make_pooled<QuantizedMatmul>(to_stream(s), q, transpose, rounds_x);
  Arrays inputs = {std::move(x)};
  inputs.insert(inputs.end(), weight.begin(), weight.end());
  Shape shape = primitive->output_shapes(inputs)[0];
  array out(std::move(shape), dtype, primitive, std::move(inputs));
  return row ? squeeze(out, -2, s) : out;
}

array multiply_gathered(const array& x, const array& w, const array& scales,
                        const std::optional<array>& biases, std::optional<array> lhs_indices,
                        std::optional<array> rhs_indices, bool transpose,
                        std::optional<int> group_size, std::optional<int> bits,
                        const std::string& mode, bool sorted_indices, bool rounds_x,
                        StreamOrDevice s) {
  if (!lhs_indices && !rhs_indices) {
    return multiply_quantized(x, w, scales, biases, transpose, group_size, bits, mode, rounds_x, s);
  }
  const Quantization q = make_quantization(mode, group_size, bits, "gather_qmm");
  const Arrays weight = checked_weight(w, scales, biases, q, "gather_qmm", s);
  const Dtype dtype = product_dtype(x, weight, q, "gather_qmm");
  if (x.ndim() < 2) {
    throw std::invalid_argument(
        fmt::format("[gather_qmm] x has 2 axes or more, not shape {}", to_string(x.shape())));
  }
  const Arrays numbers = broadcast_arrays({matrix_numbers(lhs_indices, x, "lhs_indices", s),
                                           matrix_numbers(rhs_indices, w, "rhs_indices", s)},
                                          s);
  const auto primitive =
      make_pooled<GatherQMM>(to_stream(s), q, transpose, sorted_indices, rounds_x);
  Arrays inputs = {is_weight_dtype(x.dtype()) ? x : astype(x, dtype, s)};
  inputs.insert(inputs.end(), weight.begin(), weight.end());
  inputs.insert(inputs.end(), numbers.begin(), numbers.end());
  Shape shape = primitive->output_shapes(inputs)[0];
  return array(std::move(shape), dtype, primitive, std::move(inputs));
}

}  // namespace

array quantized_matmul(array x, array w, array scales, std::optional<array> biases, bool transpose,
                       std::optional<int> group_size, std::optional<int> bits,
                       const std::string& mode, StreamOrDevice s) {
  return multiply_quantized(std::move(x), std::move(w), std::move(scales), std::move(biases),
                            transpose, group_size, bits, mode, false, s);
}

array gather_qmm(const array& x, const array& w, const array& scales,
                 const std::optional<array>& biases, std::optional<array> lhs_indices,
                 std::optional<array> rhs_indices, bool transpose, std::optional<int> group_size,
                 std::optional<int> bits, const std::string& mode, bool sorted_indices,
                 StreamOrDevice s) {
  return multiply_gathered(x, w, scales, biases, std::move(lhs_indices), std::move(rhs_indices),
                           transpose, group_size, bits, mode, sorted_indices, false, s);
}

namespace fast {

array quantized_matmul(array x, array w, array scales, std::optional<array> biases, bool transpose,
                       std::optional<int> group_size, std::optional<int> bits,
                       const std::string& mode, StreamOrDevice s) {
  return multiply_quantized(std::move(x), std::move(w), std::move(scales), std::move(biases),
                            transpose, group_size, bits, mode, true, s);
}

std::vector<array> quantized_matmuls(const array& x, const std::vector<QuantizedMatrix>& matrices,
                                     std::optional<int> group_size, std::optional<int> bits,
                                     const std::string& mode, StreamOrDevice s) {
  constexpr const char* where = "quantized_matmuls";
  const Quantization q = make_quantization(mode, group_size, bits, where);
  if (x.ndim() == 0) throw std::invalid_argument("[quantized_matmuls] x is a scalar");
  Arrays inputs = {x.ndim() == 1 ? expand_dims(x, 0, s) : x};
  std::vector<Dtype> dtypes;
  for (const QuantizedMatrix& matrix : matrices) {
    const Arrays weight = checked_weight(matrix.w, matrix.scales, matrix.biases, q, where, s);
    dtypes.push_back(product_dtype(x, weight, q, where));
    if (weight[0].ndim() != 2 || dtypes.back() != dtypes[0]) {
      throw std::invalid_argument(fmt::format(
          "[{}] matrices have 2 axes and parameters of one dtype, not shape {} and {} after {}",
          where, to_string(weight[0].shape()), dtype_name(dtypes.back()), dtype_name(dtypes[0])));
    }
    inputs.insert(inputs.end(), weight.begin(), weight.end());
  }
  if (matrices.empty()) return {};
  if (!is_weight_dtype(x.dtype())) inputs[0] = astype(inputs[0], dtypes[0], s);
  const auto primitive = make_pooled<QuantizedMatmuls>(to_stream(s), q);
  Arrays products = array::make_arrays(primitive->output_shapes(inputs), dtypes, primitive, inputs);
  if (x.ndim() == 1) {
    for (array& product : products) product = squeeze(product, -2, s);
  }
  return products;
}

array gather_qmm(const array& x, const array& w, const array& scales,
                 const std::optional<array>& biases, std::optional<array> lhs_indices,
                 std::optional<array> rhs_indices, bool transpose, std::optional<int> group_size,
                 std::optional<int> bits, const std::string& mode, bool sorted_indices,
                 StreamOrDevice s) {
  return multiply_gathered(x, w, scales, biases, std::move(lhs_indices), std::move(rhs_indices),
                           transpose, group_size, bits, mode, sorted_indices, true, s);
}

}  // namespace fast

array qqmm(array x, array w, std::optional<array> w_scales, std::optional<int> group_size,
           std::optional<int> bits, const std::string& mode,
           const std::optional<array>& global_scale_x, const std::optional<array>& global_scale_w,
           StreamOrDevice s) {
  const Quantization q = activation_quantization(mode, group_size, bits, "qqmm");
  const array rounded = round_trip(x, global_scale_x, q, "qqmm", s);
  if (!w_scales) {
    const array rows = round_trip(w, global_scale_w, q, "qqmm", s);
    return astype(matmul(rounded, swapaxes(rows, -1, -2, s), s), x.dtype(), s);
  }
  array product =
      quantized_matmul(rounded, w, *w_scales, std::nullopt, true, q.group_size, q.bits, mode, s);
  return finish_product(std::move(product), global_scale_w, x.dtype(), q, "qqmm", s);
}

array gather_qqmm(array x, array w, array scales_w, std::optional<array> lhs_indices,
                  std::optional<array> rhs_indices, std::optional<int> group_size,
                  std::optional<int> bits, const std::string& mode,
                  const std::optional<array>& global_scale_x,
                  const std::optional<array>& global_scale_w, bool sorted_indices,
                  StreamOrDevice s) {
  const Quantization q = activation_quantization(mode, group_size, bits, "gather_qqmm");
  array product = gather_qmm(round_trip(x, global_scale_x, q, "gather_qqmm", s), w, scales_w,
                             std::nullopt, std::move(lhs_indices), std::move(rhs_indices), true,
                             q.group_size, q.bits, mode, sorted_indices, s);
  return finish_product(std::move(product), global_scale_w, x.dtype(), q, "gather_qqmm", s);
}

}  // namespace quern
