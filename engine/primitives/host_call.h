#pragma once

#include <memory>

#include "engine/ops/host_function.h"
#include "engine/primitives/primitive.h"

namespace quern {

/// The inputs and outputs of a function of the program's: host_function.
class HostCall final : public Primitive {
 public:
  static constexpr const char* type_name = "HostCall";

  HostCall(Stream s, std::shared_ptr<const HostFunction> function)
      : Primitive(s), function(std::move(function)) {}

  const char* name() const override { return type_name; }
  bool is_equivalent(const Primitive& other) const override;
  /// Throws: a function of the program's has no form in a file.
  void save(StateWriter& writer) const override;
  static std::shared_ptr<const Primitive> load(const Stream& stream, StateReader& reader);

  const std::shared_ptr<const HostFunction> function;
};

}  // namespace quern
