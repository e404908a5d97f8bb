#pragma once

#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/array/array.h"
#include "engine/array/stream.h"
#include "engine/memory/pool.h"
#include "engine/primitives/registry.h"
#include "engine/primitives/state.h"

namespace quern {

/// Arrays with an extra axis, and where each carries it; -1: nowhere.
using Batched = std::pair<Arrays, std::vector<int>>;

/// A kind of node of the graph: what an operation computes and how it transforms, not how a device
/// does it. Backends find their kernel by the primitive's type. A primitive is immutable once made,
/// by make_pooled; nodes may share one.
///
/// The transforms build new graph from ops, and read no data. They default to throwing
/// std::invalid_argument with the primitive's name. Concrete primitives derive from PrimitiveOf.
class Primitive : public std::enable_shared_from_this<Primitive> {
 public:
  explicit Primitive(Stream stream) : stream_(stream) {}
  virtual ~Primitive() = default;
  Primitive(const Primitive&) = delete;
  Primitive& operator=(const Primitive&) = delete;

  const Stream& stream() const { return stream_; }
  const Device& device() const { return stream_.device; }

  /// For people and for files: in printed graphs, errors and exported functions.
  virtual const char* name() const = 0;

  /// Shapes of the outputs for inputs of these shapes: what recording a graph once for all shapes
  /// needs.
  virtual std::vector<Shape> output_shapes(const std::vector<array>& inputs) const;

  /// Gradients with respect to primals[argnums[i]], in that order and with their shapes and dtypes,
  /// given the outputs' cotangents. Where a primal does not influence the result (an index, a
  /// condition) they are zeros. Complex cotangents follow MLX: that of a product with b is the
  /// product with conj(b).
  virtual Arrays vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                     const std::vector<int>& argnums, const std::vector<array>& outputs) const;

  /// Tangents of the outputs, given those of primals[argnums[i]].
  virtual Arrays jvp(const std::vector<array>& primals, const std::vector<array>& tangents,
                     const std::vector<int>& argnums, const std::vector<array>& outputs) const;

  /// The same operation over inputs that each carry an extra axis (axes[i], or -1 for none): the
  /// outputs and where their extra axis is. `outputs` are those of the operation without it, for
  /// their shapes and dtypes only: they have no data.
  virtual Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
                       const Arrays& outputs) const;

  /// Whether both compute the same from the same inputs. `other` has the same type.
  virtual bool is_equivalent(const Primitive& other) const = 0;

  /// Writes the parameters, in the order of the constructor.
  virtual void save(StateWriter& writer) const = 0;

  /// The parameters in the order of the constructor, after the stream: std::tie of the members. A
  /// primitive that has some hides this.
  std::tuple<> state() const { return {}; }

 protected:
  [[noreturn]] void no_transform(const char* transform) const;

 private:
  Stream stream_;
};

/// What a concrete primitive P derives from. P says `static constexpr const char* type_name` and,
/// if it has parameters, `auto state() const { return std::tie(...); }`; the rest follows from
/// them.
template <typename P, typename Base = Primitive>
class PrimitiveOf : public Base {
 public:
  using Base::Base;

  const char* name() const override { return P::type_name; }

  bool is_equivalent(const Primitive& other) const override {
    return self().state() == static_cast<const P&>(other).state();
  }

  void save(StateWriter& writer) const override {
    std::apply([&](const auto&... field) { (writer.write(field), ...); }, self().state());
  }

  static std::shared_ptr<const Primitive> load(const Stream& stream, StateReader& reader) {
    return load_fields(stream, reader, std::type_identity<decltype(std::declval<P>().state())>());
  }

 private:
  template <typename... Fields>
  static std::shared_ptr<const Primitive> load_fields(const Stream& stream, StateReader& reader,
                                                      std::type_identity<std::tuple<Fields...>>) {
    // Braces: the fields are read in order.
    std::tuple<std::remove_cvref_t<Fields>...> fields{
        reader.template read<std::remove_cvref_t<Fields>>()...};
    return std::apply([&](auto&... field) { return make_pooled<P>(stream, std::move(field)...); },
                      fields);
  }

  const P& self() const { return static_cast<const P&>(*this); }
};

}  // namespace quern
