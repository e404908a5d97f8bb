#pragma once

#include <string_view>

#include "models/prompt/jinja/ast.h"
#include "models/prompt/jinja/lexer.h"

namespace quern::models::jinja {

/// Throws SyntaxFailure where the source is not a template.
Template parse_template(std::string_view source);

}  // namespace quern::models::jinja
