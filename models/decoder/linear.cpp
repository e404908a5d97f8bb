#include "models/decoder/linear.h"

namespace quern::models {

Linear::Linear(WeightReader& reader, const std::string& path, int out, int in, bool bias)
    : weight_(WeightMatrix::load(reader, path, out, in)) {
  if (bias) bias_ = reader.take(path + ".bias", {out});
}

}  // namespace quern::models
