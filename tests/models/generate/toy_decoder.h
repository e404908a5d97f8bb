#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/decoder/decoder.h"

namespace quern::tests {

/// A network whose state is a decaying sum of its tokens' embeddings: it cannot forget single
/// tokens. Random weights of a seed.
class ToyDecoder final : public models::Decoder {
 public:
  static constexpr int size = 16;

  explicit ToyDecoder(int vocab_size, uint32_t seed, float sharpness = 1.0f);

  array hidden(const array& tokens, models::Step& step) const override;
  array head(const array& hidden) const override;
  models::Cache make_cache() const override;

 private:
  array embedding_, head_;
};

}  // namespace quern::tests
