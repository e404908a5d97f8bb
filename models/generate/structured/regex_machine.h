#pragma once

#include "models/generate/structured/machine.h"
#include "models/generate/structured/regex_syntax.h"

namespace quern::models::structured {

/// How the characters of a text are written.
enum class Writing {
  plain,        ///< as UTF-8
  json_string,  ///< as within a JSON string: one escape for each character that needs one
};

/// The texts that the expression matches, and then `next`.
NodeId add_regex(MachineBuilder& builder, const Regex& regex, Writing writing, NodeId next);

/// Any one character of the set as it may stand within a JSON string, in one way only.
NodeId add_json_character(MachineBuilder& builder, const CharacterSet& set, NodeId next);

}  // namespace quern::models::structured
