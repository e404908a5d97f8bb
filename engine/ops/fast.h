#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/array/array.h"

/// The steps of a transformer that deserve kernels of their own. Each one equals a few plain
/// operations, which fast_fallback.h spells out and which float64 runs: it is computed in float64.
namespace quern::fast {

/// Root-mean-square normalisation over the last axis (Zhang & Sennrich 2019).
///
/// x: [..., D], any float dtype; weight: [D] or none. Computed in float32, returned in the dtype
/// that both promote to. Throws std::invalid_argument when x is a scalar or weight's size is not D.
array rms_norm(const array& x, const std::optional<array>& weight, float eps,
               StreamOrDevice s = {});

/// Layer normalisation over the last axis (Ba, Kiros & Hinton 2016): mean 0 and variance 1, times
/// weight, plus bias. Shapes, dtypes and errors as for rms_norm.
array layer_norm(const array& x, const std::optional<array>& weight,
                 const std::optional<array>& bias, float eps, StreamOrDevice s = {});

/// Rotary position embedding (Su et al. 2021).
///
/// x: [B, ..., T, D], any float dtype. The first `dims` (even) elements of the last axis turn in
/// pairs: neighbours when traditional, else i with i + dims/2. Pair i of position t turns by the
/// angle (t + offset) * scale * base^(-2i/dims), or (t + offset) * scale / freqs[i]; exactly one of
/// base and freqs is given. offset: an integer, or an integer array with 1 element or B. freqs:
/// [dims/2]. Throws std::invalid_argument for arguments that do not fit.
array rope(const array& x, int dims, bool traditional, std::optional<float> base, float scale,
           int offset, const std::optional<array>& freqs = std::nullopt, StreamOrDevice s = {});
array rope(const array& x, int dims, bool traditional, std::optional<float> base, float scale,
           const array& offset, const std::optional<array>& freqs = std::nullopt,
           StreamOrDevice s = {});

/// quern::quantized_matmul where speed counts more than the last bits of x: rows of half floats may
/// become integers of 8 bits, with one scale in each row for each of the weight's groups (the
/// largest magnitude there / 127), when the machine multiplies these faster. Where x or the result
/// is float32 nothing is rounded, nor where gradients are computed.
array quantized_matmul(array x, array w, array scales, std::optional<array> biases = std::nullopt,
                       bool transpose = true, std::optional<int> group_size = std::nullopt,
                       std::optional<int> bits = std::nullopt, const std::string& mode = "affine",
                       StreamOrDevice s = {});

/// A quantized matrix [N, K], as quantized_matmul takes it.
struct QuantizedMatrix {
  array w;
  array scales;
  std::optional<array> biases = std::nullopt;
};

/// x @ w^T for each of some matrices, with the liberty of fast::quantized_matmul, read in one go:
/// what queries, keys and values of a token are. x: [..., K] -> [..., N_i] for each, in order. All
/// have one quantization and parameters of one dtype. Throws std::invalid_argument for arguments
/// that do not fit.
std::vector<array> quantized_matmuls(const array& x, const std::vector<QuantizedMatrix>& matrices,
                                     std::optional<int> group_size = std::nullopt,
                                     std::optional<int> bits = std::nullopt,
                                     const std::string& mode = "affine", StreamOrDevice s = {});

/// quern::gather_qmm with the same liberty.
array gather_qmm(const array& x, const array& w, const array& scales,
                 const std::optional<array>& biases = std::nullopt,
                 std::optional<array> lhs_indices = std::nullopt,
                 std::optional<array> rhs_indices = std::nullopt, bool transpose = true,
                 std::optional<int> group_size = std::nullopt,
                 std::optional<int> bits = std::nullopt, const std::string& mode = "affine",
                 bool sorted_indices = false, StreamOrDevice s = {});

/// softmax(scale * queries @ keys^T + mask) @ values for each head, without storing the scores of a
/// long prompt. The softmax is computed in float32.
///
/// queries: [B, Hq, Tq, D], keys: [B, Hkv, Tk, D], values: [B, Hkv, Tk, Dv] -> [B, Hq, Tq, Dv], in
/// the dtype that the three promote to; query head h reads key-value head h / (Hq / Hkv). Any
/// strides: the slice of a larger cache is read in place.
///
/// mask_mode "" takes no mask; "causal" lets query i see keys up to i + Tk - Tq; "array" takes
/// mask_arr, which broadcasts to [B, Hq, Tq, Tk]: bool (true keeps) or a float that is added and
/// promotes to the output's dtype. sinks: [Hq], one more logit per head that takes part in the
/// softmax and has no value.
///
/// Throws std::invalid_argument for arguments that do not fit.
array scaled_dot_product_attention(const array& queries, const array& keys, const array& values,
                                   const float scale, const std::string& mask_mode = "",
                                   std::optional<array> mask_arr = {},
                                   const std::optional<array>& sinks = {}, StreamOrDevice s = {});

/// scaled_dot_product_attention for several sequences at a time, each with as many keys as it has:
/// queries [N, Hq, Tq, D], keys[i] [1, Hkv, Tk_i, D] and values[i] [1, Hkv, Tk_i, Dv] for i < N ->
/// [N, Hq, Tq, Dv]. All queries of a sequence see all of its keys.
array attention_of_sequences(const array& queries, const std::vector<array>& keys,
                             const std::vector<array>& values, float scale,
                             const std::optional<array>& sinks = {}, StreamOrDevice s = {});

/// -log softmax(logits) of the target class, without storing the softmax: neither for the loss nor,
/// but for the result itself, for its gradient.
///
/// logits: [..., C], any float dtype; targets: [...], integers in [-C, C), negative ones from the
/// end. Returns [...] in logits' dtype; computed in float32. Throws std::invalid_argument when
/// shapes or dtypes do not fit; a target outside the range is an std::out_of_range when computed.
array cross_entropy(const array& logits, const array& targets, StreamOrDevice s = {});

}  // namespace quern::fast
