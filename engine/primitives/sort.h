#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

// All along the last axis; index outputs are uint32.

/// Does something to each line along the last axis; the output has the input's shape.
class AlongLastAxis : public Primitive {
 public:
  using Primitive::Primitive;
  std::vector<Shape> output_shapes(const Arrays& inputs) const override {
    return {inputs[0].shape()};
  }
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
};

/// Indices: their derivative is zero.
class IndexOrdering : public AlongLastAxis {
 public:
  using AlongLastAxis::AlongLastAxis;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

class Sort final : public PrimitiveOf<Sort, AlongLastAxis> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Sort";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

class ArgSort final : public PrimitiveOf<ArgSort, IndexOrdering> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArgSort";
};

class Partition final : public PrimitiveOf<Partition, AlongLastAxis> {
 public:
  Partition(Stream s, int kth) : PrimitiveOf(s), kth(kth) {}
  static constexpr const char* type_name = "Partition";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  auto state() const { return std::tie(kth); }

  const int kth;  ///< not negative
};

class ArgPartition final : public PrimitiveOf<ArgPartition, IndexOrdering> {
 public:
  ArgPartition(Stream s, int kth) : PrimitiveOf(s), kth(kth) {}
  static constexpr const char* type_name = "ArgPartition";
  auto state() const { return std::tie(kth); }

  const int kth;  ///< not negative
};

/// Sorted sequences [batch.., n] and values [batch.., ..] of their dtype, each for its sequence;
/// the output has the values' shape.
class SearchSorted final : public PrimitiveOf<SearchSorted> {
 public:
  SearchSorted(Stream s, bool right) : PrimitiveOf(s), right(right) {}
  static constexpr const char* type_name = "SearchSorted";
  auto state() const { return std::tie(right); }
  std::vector<Shape> output_shapes(const Arrays& inputs) const override {
    return {inputs[1].shape()};
  }
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;

  const bool right;  ///< after equal elements rather than before them
};

}  // namespace quern
