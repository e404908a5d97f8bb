#include "models/decoder/load_decoder.h"

#include "models/decoder/transformer.h"

namespace quern::models {

Dtype compute_dtype(const Checkpoint& checkpoint, const DecoderSpec& spec) {
  for (const char* part : {".scales", ".weight"}) {
    if (const auto* tensor = checkpoint.find(spec.embedding_name + part)) {
      const bool computes = tensor->dtype == float16 || tensor->dtype == bfloat16;
      return computes ? tensor->dtype : float32;
    }
  }
  return float32;
}

std::shared_ptr<const Decoder> load_decoder(const Checkpoint& checkpoint, const DecoderSpec& spec,
                                            const QuantizationConfig& quantization, bool exact) {
  WeightReader reader(checkpoint, quantization, exact ? float32 : compute_dtype(checkpoint, spec));
  return std::make_shared<Transformer>(reader, spec);
}

}  // namespace quern::models
