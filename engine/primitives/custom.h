#pragma once

#include <functional>
#include <optional>

#include "engine/primitives/primitive.h"

namespace quern {

/// A function with transforms of its own: custom_function.
struct CustomFunction {
  std::function<Arrays(const Arrays&)> fun;
  std::optional<
      std::function<Arrays(const Arrays& primals, const Arrays& cotangents, const Arrays& outputs)>>
      vjp;
  std::optional<std::function<Arrays(const Arrays& primals, const Arrays& tangents,
                                     const std::vector<int>& argnums)>>
      jvp;
  std::optional<std::function<Batched(const Arrays& inputs, const std::vector<int>& axes)>> vmap;
};

/// inputs {the function's arguments, then its outputs for them}; the outputs are handed on. What
/// the function did stays visible in the graph below its outputs; that it has derivatives of its
/// own with respect to the arguments is said here. They were given to it behind stop_gradient.
class Custom final : public Primitive {
 public:
  static constexpr const char* type_name = "Custom";

  Custom(Stream s, std::shared_ptr<const CustomFunction> function, int arguments)
      : Primitive(s), function(std::move(function)), arguments(arguments) {}

  const char* name() const override { return type_name; }
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  bool is_equivalent(const Primitive& other) const override;
  /// Throws: a function of the program's has no form in a file.
  void save(StateWriter& writer) const override;
  static std::shared_ptr<const Primitive> load(const Stream& stream, StateReader& reader);

  const std::shared_ptr<const CustomFunction> function;
  const int arguments;
};

}  // namespace quern
