#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

// All along the last axis; index outputs are uint32.

class Sort final : public PrimitiveOf<Sort> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Sort";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  std::vector<Shape> output_shapes(const Arrays& inputs) const override {
    return {inputs[0].shape()};
  }
};

class ArgSort final : public PrimitiveOf<ArgSort> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArgSort";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  std::vector<Shape> output_shapes(const Arrays& inputs) const override {
    return {inputs[0].shape()};
  }
};

class Partition final : public PrimitiveOf<Partition> {
 public:
  Partition(Stream s, int kth) : PrimitiveOf(s), kth(kth) {}
  static constexpr const char* type_name = "Partition";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(kth); }
  std::vector<Shape> output_shapes(const Arrays& inputs) const override {
    return {inputs[0].shape()};
  }

  const int kth;  ///< not negative
};

class ArgPartition final : public PrimitiveOf<ArgPartition> {
 public:
  ArgPartition(Stream s, int kth) : PrimitiveOf(s), kth(kth) {}
  static constexpr const char* type_name = "ArgPartition";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(kth); }
  std::vector<Shape> output_shapes(const Arrays& inputs) const override {
    return {inputs[0].shape()};
  }

  const int kth;  ///< not negative
};

/// A sorted sequence [n] and values of its dtype; the output has the values' shape.
class SearchSorted final : public PrimitiveOf<SearchSorted> {
 public:
  SearchSorted(Stream s, bool right) : PrimitiveOf(s), right(right) {}
  static constexpr const char* type_name = "SearchSorted";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(right); }
  std::vector<Shape> output_shapes(const Arrays& inputs) const override {
    return {inputs[1].shape()};
  }

  const bool right;  ///< after equal elements rather than before them
};

}  // namespace quern
