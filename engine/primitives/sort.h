#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

// All along the last axis; index outputs are uint32.

class Sort final : public Primitive {
 public:
  using Primitive::Primitive;
  const char* name() const override { return "Sort"; }
  std::vector<Shape> output_shapes(const std::vector<array>& inputs) const override {
    return {inputs[0].shape()};
  }
  bool is_equivalent(const Primitive&) const override { return true; }
};

class ArgSort final : public Primitive {
 public:
  using Primitive::Primitive;
  const char* name() const override { return "ArgSort"; }
  std::vector<Shape> output_shapes(const std::vector<array>& inputs) const override {
    return {inputs[0].shape()};
  }
  bool is_equivalent(const Primitive&) const override { return true; }
};

class Partition final : public Primitive {
 public:
  Partition(Stream s, int kth) : Primitive(s), kth(kth) {}
  const char* name() const override { return "Partition"; }
  std::vector<Shape> output_shapes(const std::vector<array>& inputs) const override {
    return {inputs[0].shape()};
  }
  bool is_equivalent(const Primitive& other) const override {
    return kth == static_cast<const Partition&>(other).kth;
  }

  const int kth;  ///< not negative
};

class ArgPartition final : public Primitive {
 public:
  ArgPartition(Stream s, int kth) : Primitive(s), kth(kth) {}
  const char* name() const override { return "ArgPartition"; }
  std::vector<Shape> output_shapes(const std::vector<array>& inputs) const override {
    return {inputs[0].shape()};
  }
  bool is_equivalent(const Primitive& other) const override {
    return kth == static_cast<const ArgPartition&>(other).kth;
  }

  const int kth;  ///< not negative
};

/// A sorted sequence [n] and values of its dtype; the output has the values' shape.
class SearchSorted final : public Primitive {
 public:
  SearchSorted(Stream s, bool right) : Primitive(s), right(right) {}
  const char* name() const override { return "SearchSorted"; }
  std::vector<Shape> output_shapes(const std::vector<array>& inputs) const override {
    return {inputs[1].shape()};
  }
  bool is_equivalent(const Primitive& other) const override {
    return right == static_cast<const SearchSorted&>(other).right;
  }

  const bool right;  ///< after equal elements rather than before them
};

}  // namespace quern
