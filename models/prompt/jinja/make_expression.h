#pragma once

#include "models/prompt/jinja/ast.h"

namespace quern::models::jinja {

/// An expression of the tree. Throws SyntaxFailure when it is deeper than code that walks it may
/// recurse; long chains of operators count, as each one is a level.
ExpressionPointer make_expression(int line, ExpressionNode node);

}  // namespace quern::models::jinja
