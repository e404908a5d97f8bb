#pragma once

#include "tests/engine/c/handles.h"

namespace quern::tests {

/// Same shape, dtype and bits, NaN too. Reports by EXPECT_...
void expect_same(const array& got, const array& want, const char* name);

}  // namespace quern::tests
