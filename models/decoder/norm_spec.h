#pragma once

namespace quern::models {

struct NormSpec {
  enum class Kind {
    rms,
    rms_plus_one,    ///< the file holds the weight minus 1 (Gemma)
    rms_unweighted,  ///< there is no weight
    layer,
    layer_plus_one,    ///< the file holds the weight minus 1 (Nemotron)
    layer_unweighted,  ///< there is no weight (OLMo)
  };

  Kind kind = Kind::rms;
  float eps = 1e-6f;
  bool bias = false;  ///< of layer norms

  bool operator==(const NormSpec&) const = default;
};

}  // namespace quern::models
