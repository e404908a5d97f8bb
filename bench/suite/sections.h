#pragma once

#include "bench/suite/suite.h"

namespace quern::bench {

// What is measured, each in a file of its own.

void machine_limits(Suite& suite);
void matmul_kernels(Suite& suite);
void quantized_kernels(Suite& suite);
void attention_kernels(Suite& suite);
void fast_kernels(Suite& suite);
void elementwise_kernels(Suite& suite);
void fused_chains(Suite& suite);
void reductions(Suite& suite);
void movements(Suite& suite);
void orderings(Suite& suite);
void overheads(Suite& suite);
void generation(Suite& suite);
void beside_training(Suite& suite);
void start_up(Suite& suite);
void tokenizers(Suite& suite);
void training_steps(Suite& suite);

}  // namespace quern::bench
