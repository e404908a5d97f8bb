#pragma once

#include <array>
#include <memory>

#include "models/cache/cache.h"

namespace quern::models {

/// The caches of two mixers that share a layer.
class CachePair final : public LayerCache {
 public:
  /// Neither may be nullptr.
  CachePair(std::unique_ptr<LayerCache> first, std::unique_ptr<LayerCache> second);

  /// index: 0 or 1.
  LayerCache* half(size_t index) const { return halves_[index].get(); }

  const char* kind() const override { return "pair"; }
  int offset() const override { return halves_[0]->offset(); }

  /// Refuses when one of the two cannot.
  bool trim(int n) override;
  Trimming trimming() const override;

  LayerState state() const override;
  void restore(LayerState state) override;
  std::unique_ptr<LayerCache> clone() const override;
  void quantize(const KeyValueQuantization& quantization) override;

 private:
  std::array<std::unique_ptr<LayerCache>, 2> halves_;
};

}  // namespace quern::models
