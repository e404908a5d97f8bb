#pragma once

#include "models/weights/gguf/gguf_architecture.h"
#include "models/weights/weights.h"

namespace quern::models {

// What GGUF keeps in another form than Hugging Face, under Hugging Face's names: rows of queries
// and keys whose rotated pairs lie side by side, norm weights with their 1 added. Quantized weights
// stay quantized. Both throw ModelError when the rows do not divide into heads.

void from_gguf_forms(const GgufArchitecture& architecture, int heads, int key_value_heads,
                     Weights& weights);
void to_gguf_forms(const GgufArchitecture& architecture, int heads, int key_value_heads,
                   Weights& weights);

}  // namespace quern::models
