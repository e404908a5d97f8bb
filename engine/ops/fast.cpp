#include "engine/ops/fast.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/cast.h"
#include "engine/ops/fast_fallback.h"
#include "engine/primitives/fast.h"

namespace quern::fast {

namespace {

/// The dtype of x and its parameters together, which must be a float.
Dtype floating_result(const std::vector<array>& arrays, const char* where) {
  const Dtype dtype = result_type(arrays);
  if (!issubdtype(dtype, floating)) {
    throw std::invalid_argument(
        fmt::format("[{}] needs a float dtype, not {}", where, dtype_name(dtype)));
  }
  return dtype;
}

void require_norm_input(const array& x, const char* where) {
  if (x.ndim() == 0) throw std::invalid_argument(fmt::format("[{}] x is a scalar", where));
}

void require_norm_parameter(const array& p, const array& x, const char* what, const char* where) {
  if (p.ndim() == 1 && p.shape(0) == x.shape(-1)) return;
  throw std::invalid_argument(
      fmt::format("[{}] {} must have shape ({}), the last axis of x, not {}", where, what,
                  x.shape(-1), to_string(p.shape())));
}

/// batch: how many sequences keys and values are of.
void require_attention_shapes(const Shape& q, const Shape& k, const Shape& v, int batch,
                              const char* where) {
  for (const Shape* shape : {&q, &k, &v}) {
    if (shape->size() == 4) continue;
    throw std::invalid_argument(fmt::format(
        "[{}] queries, keys and values have 4 axes, not shape {}", where, to_string(*shape)));
  }
  if (k[0] == batch && v[0] == batch && k[1] == v[1] && k[2] == v[2] && q[3] == k[3] && k[1] != 0 &&
      q[1] % k[1] == 0)
    return;
  throw std::invalid_argument(fmt::format(
      "[{}] queries {}, keys {} and values {} do not fit as [B, Hq, Tq, D], [{}, Hkv, Tk, D] and "
      "[{}, Hkv, Tk, Dv] with Hq a multiple of Hkv",
      where, to_string(q), to_string(k), to_string(v), batch == q[0] ? "B" : "1",
      batch == q[0] ? "B" : "1"));
}

void require_sinks(const std::optional<array>& sinks, int heads, const char* where) {
  if (!sinks || (sinks->ndim() == 1 && sinks->shape(0) == heads)) return;
  throw std::invalid_argument(
      fmt::format("[{}] sinks must have shape ({}), one per query head, not {}", where, heads,
                  to_string(sinks->shape())));
}

/// The mask as attention's primitive takes it: bool, or of the output's dtype.
array checked_mask(const array& mask, const Shape& scores, Dtype dtype, StreamOrDevice s) {
  constexpr const char* where = "scaled_dot_product_attention";
  if (mask.ndim() > 4 || broadcast_shapes(mask.shape(), scores) != scores) {
    throw std::invalid_argument(fmt::format("[{}] a mask of shape {} does not broadcast to {}",
                                            where, to_string(mask.shape()), to_string(scores)));
  }
  if (mask.dtype() == bool_) return mask;
  if (promote_types(mask.dtype(), dtype) != dtype) {
    throw std::invalid_argument(fmt::format("[{}] a mask of {} does not promote to the output's {}",
                                            where, dtype_name(mask.dtype()), dtype_name(dtype)));
  }
  return astype(mask, dtype, s);
}

}  // namespace

array rms_norm(const array& x, const std::optional<array>& weight, float eps, StreamOrDevice s) {
  require_norm_input(x, "rms_norm");
  std::vector<array> inputs = {x};
  if (weight) {
    require_norm_parameter(*weight, x, "weight", "rms_norm");
    inputs.push_back(*weight);
  }
  const Dtype dtype = floating_result(inputs, "rms_norm");
  if (!issubdtype(x.dtype(), floating)) inputs[0] = astype(x, dtype, s);
  if (dtype == float64) return fallback::rms_norm(x, weight, eps, s);
  return array(x.shape(), dtype, make_pooled<RMSNorm>(to_stream(s), eps), std::move(inputs));
}

array layer_norm(const array& x, const std::optional<array>& weight,
                 const std::optional<array>& bias, float eps, StreamOrDevice s) {
  require_norm_input(x, "layer_norm");
  std::vector<array> inputs = {x};
  if (weight) {
    require_norm_parameter(*weight, x, "weight", "layer_norm");
    inputs.push_back(*weight);
  }
  if (bias) {
    require_norm_parameter(*bias, x, "bias", "layer_norm");
    inputs.push_back(*bias);
  }
  const Dtype dtype = floating_result(inputs, "layer_norm");
  if (!issubdtype(x.dtype(), floating)) inputs[0] = astype(x, dtype, s);
  if (dtype == float64) return fallback::layer_norm(x, weight, bias, eps, s);
  return array(x.shape(), dtype,
               make_pooled<LayerNorm>(to_stream(s), eps, weight.has_value(), bias.has_value()),
               std::move(inputs));
}

array rope(const array& x, int dims, bool traditional, std::optional<float> base, float scale,
           const array& offset, const std::optional<array>& freqs, StreamOrDevice s) {
  if (x.ndim() < 3) {
    throw std::invalid_argument(
        fmt::format("[rope] x needs 3 axes or more, not shape {}", to_string(x.shape())));
  }
  const Dtype dtype = floating_result({x}, "rope");
  if (dims <= 0 || dims % 2 != 0 || dims > x.shape(-1)) {
    throw std::invalid_argument(
        fmt::format("[rope] dims is {}; it must be even and at most the last axis of {}", dims,
                    to_string(x.shape())));
  }
  if (base.has_value() == freqs.has_value()) {
    throw std::invalid_argument("[rope] needs either base or freqs, and not both");
  }
  if (!issubdtype(offset.dtype(), integer) || offset.ndim() > 1 ||
      (offset.size() != 1 && offset.shape(0) != x.shape(0))) {
    throw std::invalid_argument(fmt::format(
        "[rope] offset must be an integer or one per sequence of {}, not {} of shape {}",
        to_string(x.shape()), dtype_name(offset.dtype()), to_string(offset.shape())));
  }
  std::vector<array> inputs = {x, astype(offset, int32, s)};
  if (freqs) {
    if (freqs->ndim() != 1 || freqs->shape(0) != dims / 2) {
      throw std::invalid_argument(
          fmt::format("[rope] freqs must have shape ({}), half of dims, not {}", dims / 2,
                      to_string(freqs->shape())));
    }
    inputs.push_back(astype(*freqs, float32, s));
  }
  if (dtype == float64)
    return fallback::rope(x, dims, traditional, base, scale, inputs[1], freqs, true, s);
  return array(x.shape(), dtype,
               make_pooled<RoPE>(to_stream(s), dims, traditional, base, scale, true),
               std::move(inputs));
}

array rope(const array& x, int dims, bool traditional, std::optional<float> base, float scale,
           int offset, const std::optional<array>& freqs, StreamOrDevice s) {
  return rope(x, dims, traditional, base, scale, array(offset, int32), freqs, s);
}

array cross_entropy(const array& logits, const array& targets, StreamOrDevice s) {
  constexpr const char* where = "cross_entropy";
  const Dtype dtype = floating_result({logits}, where);
  if (!issubdtype(targets.dtype(), integer)) {
    throw std::invalid_argument(fmt::format("[{}] targets are numbers of classes, not {}", where,
                                            dtype_name(targets.dtype())));
  }
  Shape rows = logits.shape();
  if (rows.empty() || (rows.pop_back(), rows != targets.shape())) {
    throw std::invalid_argument(fmt::format("[{}] targets of shape {} for logits of {}", where,
                                            to_string(targets.shape()), to_string(logits.shape())));
  }
  const array numbers = astype(targets, int32, s);
  if (dtype == float64) return fallback::cross_entropy(logits, numbers, s);
  return array(rows, dtype, make_pooled<CrossEntropy>(to_stream(s)), {logits, numbers});
}

array scaled_dot_product_attention(const array& queries, const array& keys, const array& values,
                                   const float scale, const std::string& mask_mode,
                                   std::optional<array> mask_arr, const std::optional<array>& sinks,
                                   StreamOrDevice s) {
  constexpr const char* where = "scaled_dot_product_attention";
  require_attention_shapes(queries.shape(), keys.shape(), values.shape(), queries.shape(0), where);
  const Shape &q = queries.shape(), &k = keys.shape(), &v = values.shape();
  const bool causal = mask_mode == "causal";
  if (!causal && !mask_mode.empty() && mask_mode != "array") {
    throw std::invalid_argument(fmt::format(
        "[{}] mask mode \"{}\" is none of \"\", \"causal\" and \"array\"", where, mask_mode));
  }
  if (causal && mask_arr) {
    throw std::invalid_argument(
        fmt::format("[{}] mask mode \"causal\" takes no mask array", where));
  }
  if (mask_mode == "array" && !mask_arr) {
    throw std::invalid_argument(fmt::format("[{}] mask mode \"array\" needs a mask array", where));
  }
  const Dtype dtype = floating_result({queries, keys, values}, where);
  if (mask_arr) mask_arr = checked_mask(*mask_arr, {q[0], q[1], q[2], k[2]}, dtype, s);
  require_sinks(sinks, q[1], where);
  if (dtype == float64) {
    return fallback::scaled_dot_product_attention(queries, keys, values, scale, causal, mask_arr,
                                                  sinks, s);
  }
  std::vector<array> inputs = {astype(queries, dtype, s), astype(keys, dtype, s),
                               astype(values, dtype, s)};
  if (mask_arr) inputs.push_back(*mask_arr);
  if (sinks) inputs.push_back(astype(*sinks, float32, s));
  Shape out = q;
  out.back() = v[3];
  return array(std::move(out), dtype,
               make_pooled<ScaledDotProductAttention>(to_stream(s), scale, causal,
                                                      mask_arr.has_value(), sinks.has_value()),
               std::move(inputs));
}

array attention_of_sequences(const array& queries, const std::vector<array>& keys,
                             const std::vector<array>& values, float scale,
                             const std::optional<array>& sinks, StreamOrDevice s) {
  constexpr const char* where = "attention_of_sequences";
  const Shape& q = queries.shape();
  if (q.size() != 4 || q[0] == 0 || keys.size() != size_t(q[0]) || values.size() != keys.size()) {
    throw std::invalid_argument(
        fmt::format("[{}] queries of shape {} need keys and values of as many sequences, at least "
                    "one, not of {} "
                    "and {}",
                    where, to_string(q), keys.size(), values.size()));
  }
  std::vector<array> inputs = {queries};
  for (size_t i = 0; i < keys.size(); ++i) {
    require_attention_shapes(q, keys[i].shape(), values[i].shape(), 1, where);
    if (keys[i].shape(1) != keys[0].shape(1) || values[i].shape(3) != values[0].shape(3)) {
      throw std::invalid_argument(fmt::format(
          "[{}] keys {} and values {} of sequence {} have other heads or widths than the first's, "
          "{} and {}",
          where, to_string(keys[i].shape()), to_string(values[i].shape()), i,
          to_string(keys[0].shape()), to_string(values[0].shape())));
    }
    inputs.push_back(keys[i]);
    inputs.push_back(values[i]);
  }
  const Dtype dtype = floating_result(inputs, where);
  for (array& input : inputs) input = astype(input, dtype, s);
  require_sinks(sinks, q[1], where);
  if (sinks) inputs.push_back(astype(*sinks, dtype == float64 ? float64 : float32, s));
  const auto primitive = make_pooled<AttentionOfSequences>(to_stream(s), scale, sinks.has_value());
  if (dtype == float64) return primitive->fallback(inputs)[0];
  Shape out = q;
  out.back() = values[0].shape(3);
  return array(std::move(out), dtype, primitive, std::move(inputs));
}

}  // namespace quern::fast
