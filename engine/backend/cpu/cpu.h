#pragma once

#include "engine/backend/backend.h"

namespace quern::cpu {

/// The CPU backend: has a kernel for every primitive.
const KernelTable& kernels();

/// Whether a Compiled may have the primitive, on inputs of these dtypes, as a step.
bool is_fusable(const Primitive& primitive, const std::vector<Dtype>& inputs);

// One function per family of kernels, in the file that holds them; kernels() calls each once.
void register_arg_reduce(KernelTable& table);
void register_attention(KernelTable& table);
void register_attention_vjp(KernelTable& table);
void register_conv(KernelTable& table);
void register_compiled(KernelTable& table);
void register_creation(KernelTable& table);
void register_cross_entropy(KernelTable& table);
void register_dequantize(KernelTable& table);
void register_custom(KernelTable& table);
void register_elementwise(KernelTable& table);
void register_fp8(KernelTable& table);
void register_fft(KernelTable& table);
void register_hadamard(KernelTable& table);
void register_host_call(KernelTable& table);
void register_indexed_matmul(KernelTable& table);
void register_indexing(KernelTable& table);
void register_linalg_solve(KernelTable& table);
void register_linalg_spectral(KernelTable& table);
void register_matmul(KernelTable& table);
void register_norm(KernelTable& table);
void register_norm_vjp(KernelTable& table);
void register_quantize(KernelTable& table);
void register_quantized_matmul(KernelTable& table);
void register_random(KernelTable& table);
void register_reduce(KernelTable& table);
void register_rope(KernelTable& table);
void register_scan(KernelTable& table);
void register_scatter(KernelTable& table);
void register_slice(KernelTable& table);
void register_softmax(KernelTable& table);
void register_sort(KernelTable& table);
void register_views(KernelTable& table);

}  // namespace quern::cpu
