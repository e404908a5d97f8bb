#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/array/array.h"
#include "models/cache/cache.h"

namespace quern::models {

/// What a recurrence carries from token to token: a few arrays whose sizes do not depend on the
/// number of tokens. Earlier tokens cannot be told apart any more, so nothing can be forgotten:
/// keep a clone of what may be returned to.
class RecurrentCache final : public LayerCache {
 public:
  /// shapes: those of the arrays, without their first axis, the batch.
  explicit RecurrentCache(std::vector<Shape> shapes) : shapes_(std::move(shapes)) {}

  /// One of the arrays; none before the first update.
  std::optional<array> past(size_t index) const {
    return arrays_.empty() ? std::nullopt : std::optional(arrays_[index]);
  }

  /// What is carried on after so many further tokens: one array per shape.
  void update(std::vector<array> arrays, int tokens);

  const char* kind() const override { return "recurrent"; }
  int offset() const override { return offset_; }

  /// Refuses unless n is 0.
  bool trim(int n) override { return n == 0; }

  LayerState state() const override;
  void restore(LayerState state) override;
  std::unique_ptr<LayerCache> clone() const override;

 private:
  std::vector<Shape> shapes_;
  std::vector<array> arrays_;
  int offset_ = 0;
};

}  // namespace quern::models
