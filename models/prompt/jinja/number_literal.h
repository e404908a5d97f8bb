#pragma once

#include "models/prompt/jinja/lexer.h"

namespace quern::models::jinja {

/// The values of number tokens. Throw SyntaxFailure where they do not fit in 64 bits.
Value integer_value(const Token& token);
Value float_value(const Token& token);

}  // namespace quern::models::jinja
