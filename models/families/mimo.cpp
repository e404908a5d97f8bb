#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// Xiaomi MiMo: Qwen2 with layers that predict further tokens, which are left out here.
DecoderSpec describe_mimo(const ModelConfig& config) {
  DecoderSpec decoder = describe_qwen2(config);
  decoder.rules = {drops("model.mtp_layers")};
  return decoder;
}

}  // namespace quern::models
