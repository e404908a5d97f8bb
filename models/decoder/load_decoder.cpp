#include "models/decoder/load_decoder.h"

#include "models/decoder/transformer.h"

namespace quern::models {

Dtype compute_dtype(const Weights& weights, const DecoderSpec& spec) {
  if (spec.dtype) return *spec.dtype;
  // Scales of the fp4 and fp8 modes are bytes: then a norm's weight tells.
  for (const std::string& name : {spec.embedding_name + ".scales", spec.embedding_name + ".weight",
                                  spec.norm_name + ".weight"}) {
    const auto found = weights.find(name);
    if (found == weights.end() || !issubdtype(found->second.dtype(), floating)) continue;
    const Dtype dtype = found->second.dtype();
    return dtype == float16 || dtype == bfloat16 ? dtype : float32;
  }
  return float32;
}

std::shared_ptr<const Decoder> load_decoder(const Weights& weights, const DecoderSpec& spec,
                                            const QuantizationConfig& quantization, bool exact,
                                            const std::string& source, UpdateSource updates) {
  WeightReader reader(weights, quantization, exact ? float32 : compute_dtype(weights, spec),
                      source);
  reader.set_update_source(std::move(updates));
  reader.set_rounds_activations(!exact);
  return std::make_shared<Transformer>(reader, spec);
}

}  // namespace quern::models
