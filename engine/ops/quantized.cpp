#include "engine/ops/quantized.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/cast.h"
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

/// Scales and biases of one dtype, checked against the packed weight.
struct Parameters {
  array scales;
  array biases;
};

Parameters check_parameters(const array& w, const array& scales, const std::optional<array>& biases,
                            const Quantization& q, const char* where, StreamOrDevice s) {
  if (!biases) throw std::invalid_argument(fmt::format("[{}] mode \"affine\" needs biases", where));
  if (w.dtype() != uint32) {
    throw std::invalid_argument(
        fmt::format("[{}] a packed weight is uint32, not {}", where, dtype_name(w.dtype())));
  }
  if (w.ndim() < 2) {
    throw std::invalid_argument(fmt::format("[{}] a packed weight has 2 axes or more, not shape {}",
                                            where, to_string(w.shape())));
  }
  const int64_t stream_bits = int64_t(w.shape(-1)) * 32;
  const int64_t elements = stream_bits / q.bits;
  Shape groups = w.shape();
  groups.back() = ShapeElem(elements / q.group_size);
  if (stream_bits % q.bits != 0 || elements % q.group_size != 0 || scales.shape() != groups ||
      biases->shape() != groups) {
    throw std::invalid_argument(
        fmt::format("[{}] scales of shape {} and biases of shape {} do not fit a packed weight of "
                    "shape {} with {} bits "
                    "and groups of {}",
                    where, to_string(scales.shape()), to_string(biases->shape()),
                    to_string(w.shape()), q.bits, q.group_size));
  }
  const Dtype dtype = result_type(scales, *biases);
  require_weight_dtype(dtype, "scales and biases", where);
  return {astype(scales, dtype, s), astype(*biases, dtype, s)};
}

void reject_global_scale(const std::optional<array>& global_scale, const std::string& mode,
                         const char* where) {
  if (!global_scale) return;
  throw std::invalid_argument(fmt::format("[{}] mode \"{}\" takes no global_scale", where, mode));
}

}  // namespace

std::vector<array> quantize(const array& w, std::optional<int> group_size, std::optional<int> bits,
                            const std::string& mode, const std::optional<array>& global_scale,
                            StreamOrDevice s) {
  const Quantization q = make_quantization(mode, group_size, bits, "quantize");
  reject_global_scale(global_scale, mode, "quantize");
  require_weight_dtype(w.dtype(), "the weight", "quantize");
  if (w.ndim() < 2 || w.shape(-1) % q.group_size != 0) {
    throw std::invalid_argument(fmt::format(
        "[quantize] needs 2 axes or more, the last a multiple of the group size {}, not shape {}",
        q.group_size, to_string(w.shape())));
  }
  const auto primitive = std::make_shared<Quantize>(to_stream(s), q);
  std::vector<Shape> shapes = primitive->output_shapes({w});
  return array::make_arrays(std::move(shapes), {uint32, w.dtype(), w.dtype()}, primitive, {w});
}

array dequantize(const array& w, const array& scales, const std::optional<array>& biases,
                 std::optional<int> group_size, std::optional<int> bits, const std::string& mode,
                 const std::optional<array>& global_scale, std::optional<Dtype> dtype,
                 StreamOrDevice s) {
  const Quantization q = make_quantization(mode, group_size, bits, "dequantize");
  reject_global_scale(global_scale, mode, "dequantize");
  const Parameters p = check_parameters(w, scales, biases, q, "dequantize", s);
  const Dtype out = dtype.value_or(p.scales.dtype());
  require_weight_dtype(out, "the result", "dequantize");
  return array(unpacked_shape(w.shape(), q), out, std::make_shared<Dequantize>(to_stream(s), q),
               {w, p.scales, p.biases});
}

array quantized_matmul(array x, array w, array scales, std::optional<array> biases, bool transpose,
                       std::optional<int> group_size, std::optional<int> bits,
                       const std::string& mode, StreamOrDevice s) {
  const Quantization q = make_quantization(mode, group_size, bits, "quantized_matmul");
  Parameters p = check_parameters(w, scales, biases, q, "quantized_matmul", s);
  const Dtype dtype = result_type(x, p.scales);
  require_weight_dtype(dtype, "the product", "quantized_matmul");
  if (x.ndim() == 0) throw std::invalid_argument("[quantized_matmul] x is a scalar");
  const bool row = x.ndim() == 1;
  if (row) x = expand_dims(x, 0, s);
  if (!is_weight_dtype(x.dtype())) x = astype(std::move(x), dtype, s);
  const auto primitive = std::make_shared<QuantizedMatmul>(to_stream(s), q, transpose);
  std::vector<array> inputs = {std::move(x), std::move(w), std::move(p.scales),
                               std::move(p.biases)};
  Shape shape = primitive->output_shapes(inputs)[0];
  array out(std::move(shape), dtype, primitive, std::move(inputs));
  return row ? squeeze(out, -2, s) : out;
}

}  // namespace quern
