#pragma once

#include <utility>
#include <vector>

#include "engine/array/array.h"
#include "engine/array/stream.h"

namespace quern {

/// A kind of node of the graph: what an operation computes and how it transforms, not how a device
/// does it. Backends find their kernel by the primitive's type. A primitive is immutable once made.
///
/// The transforms default to throwing std::invalid_argument with the primitive's name.
class Primitive {
 public:
  explicit Primitive(Stream stream) : stream_(stream) {}
  virtual ~Primitive() = default;
  Primitive(const Primitive&) = delete;
  Primitive& operator=(const Primitive&) = delete;

  const Stream& stream() const { return stream_; }
  const Device& device() const { return stream_.device; }

  /// For people: in printed graphs, traces and errors.
  virtual const char* name() const = 0;

  /// Shapes of the outputs for inputs of these shapes: what recording a graph once for all shapes
  /// needs.
  virtual std::vector<Shape> output_shapes(const std::vector<array>& inputs) const;

  /// Gradients with respect to primals[argnums[i]], in that order, given the outputs' cotangents.
  virtual std::vector<array> vjp(const std::vector<array>& primals,
                                 const std::vector<array>& cotangents,
                                 const std::vector<int>& argnums,
                                 const std::vector<array>& outputs) const;

  /// Tangents of the outputs, given those of primals[argnums[i]].
  virtual std::vector<array> jvp(const std::vector<array>& primals,
                                 const std::vector<array>& tangents,
                                 const std::vector<int>& argnums) const;

  /// The same operation over inputs that each carry an extra axis (axes[i], or -1 for none): the
  /// outputs and where their extra axis is.
  virtual std::pair<std::vector<array>, std::vector<int>> vmap(const std::vector<array>& inputs,
                                                               const std::vector<int>& axes) const;

  /// Whether both compute the same from the same inputs. `other` has the same type.
  virtual bool is_equivalent(const Primitive& other) const;

 private:
  [[noreturn]] void no_transform(const char* transform) const;

  Stream stream_;
};

}  // namespace quern
