#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// Several elementwise primitives over arrays of one shape, run as one: each tile of the arrays
/// goes through all of them before the next does. The values are numbered: the inputs, then what
/// the steps compute.
class Compiled final : public Primitive {
 public:
  struct Step {
    std::shared_ptr<const Primitive> primitive;  ///< Elementwise or AsType
    std::vector<int> inputs;                     ///< values
    Dtype dtype;                                 ///< of the result
  };

  static constexpr const char* type_name = "Compiled";

  /// `outputs` are the values that are wanted, none of them an input, and the last step's among
  /// them.
  Compiled(Stream s, std::vector<Dtype> inputs, std::vector<Step> steps, std::vector<int> outputs);

  const char* name() const override { return type_name; }
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  bool is_equivalent(const Primitive& other) const override;
  void save(StateWriter& writer) const override;
  static std::shared_ptr<const Primitive> load(const Stream& stream, StateReader& reader);

  /// The steps one by one, as new graph.
  Arrays unfused(const Arrays& inputs) const;

  Dtype dtype_of(int value) const;

  const std::vector<Dtype> inputs;
  const std::vector<Step> steps;
  const std::vector<int> outputs;

  /// Where a kernel may keep what each step computes: numbers of pieces of memory, used again when
  /// what was in them is not needed any more.
  const std::vector<int>& registers() const { return registers_; }
  int register_count() const { return register_count_; }

 private:
  void assign_registers();

  std::vector<int> registers_;
  int register_count_ = 0;
};

}  // namespace quern
