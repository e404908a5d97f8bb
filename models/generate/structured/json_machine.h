#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "models/generate/structured/machine.h"
#include "models/generate/structured/regex_syntax.h"

namespace quern::models::structured {

/// Where white space may stand in JSON.
struct JsonLayout {
  /// Between any two parts, up to maximum_white_space characters of it; else at most one space
  /// after ',' and ':'.
  bool free_white_space = false;
  uint32_t maximum_white_space = 24;
};

/// Adds the parts of JSON texts to a machine. As with MachineBuilder, each part is given what
/// follows it.
///
/// Numbers without bounds have at most 18 digits before and after the point and two in the
/// exponent, and values of any kind nest at most 16 deep: no text of them runs away.
class JsonMachine {
 public:
  JsonMachine(MachineBuilder& builder, const JsonLayout& layout)
      : builder_(builder), layout_(layout) {}

  /// The signs, with the white space that may stand around them.
  NodeId open(char bracket, NodeId next);
  NodeId close(char bracket, NodeId next);
  NodeId comma(NodeId next);
  /// A property's name and the colon.
  NodeId name(std::string_view name, NodeId next);
  /// Any name but these.
  NodeId other_name(const std::vector<std::string>& names, NodeId next);

  /// A string of so many characters. An escape, or a pair of them for one character, counts once.
  NodeId string(uint32_t minimum, uint32_t maximum, NodeId next);
  /// A string that the expression matches.
  NodeId string(const Regex& regex, NodeId next);
  NodeId integer(NodeId next);
  NodeId number(NodeId next);
  NodeId literal(const nlohmann::ordered_json& value, NodeId next);

  NodeId any_value(NodeId next);
  NodeId any_object(NodeId next);
  NodeId any_array(NodeId next);
  /// "{", members separated by commas, any number of them, "}"; member is a callee.
  NodeId object_of(NodeId member, NodeId next);
  /// "[", `minimum` to `maximum` times item, "]"; item is a callee.
  NodeId array_of(NodeId item, uint32_t minimum, uint32_t maximum, NodeId next);

 private:
  /// The rules for values that may nest `depth` deep.
  struct AnyRules {
    NodeId value;
    NodeId object;
    NodeId array;
  };
  const AnyRules& any_rules();
  NodeId white_space(NodeId next);
  NodeId colon(NodeId next);
  NodeId any_string_rule();

  MachineBuilder& builder_;
  JsonLayout layout_;
  std::optional<NodeId> any_string_;
  std::optional<NodeId> string_character_;
  std::optional<AnyRules> any_;
};

}  // namespace quern::models::structured
