#include "engine/backend/cpu/cpu.h"

namespace quern::cpu {

const KernelTable& kernels() {
  // Never destroyed: kernels may run until the process ends.
  static const auto* table = [] {
    auto* made = new KernelTable;
    KernelTable& t = *made;
    register_arg_reduce(t);
    register_attention(t);
    register_attention_vjp(t);
    register_conv(t);
    register_compiled(t);
    register_creation(t);
    register_cross_entropy(t);
    register_dequantize(t);
    register_custom(t);
    register_elementwise(t);
    register_fp8(t);
    register_fft(t);
    register_hadamard(t);
    register_host_call(t);
    register_indexed_matmul(t);
    register_indexing(t);
    register_linalg_solve(t);
    register_linalg_spectral(t);
    register_matmul(t);
    register_norm(t);
    register_norm_vjp(t);
    register_quantize(t);
    register_quantized_matmul(t);
    register_random(t);
    register_reduce(t);
    register_rope(t);
    register_scan(t);
    register_scatter(t);
    register_slice(t);
    register_softmax(t);
    register_sort(t);
    register_views(t);
    return made;
  }();
  return *table;
}

}  // namespace quern::cpu
