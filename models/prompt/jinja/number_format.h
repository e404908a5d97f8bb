#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "models/prompt/jinja/value.h"

/// What the two formats share: one value laid out as a specification asks.
namespace quern::models::jinja {

class Runtime;

/// Python's format specification: [[fill]align][sign][#][0][width][grouping][.precision][type].
struct FormatSpecification {
  std::string fill = " ";
  char align = 0;  ///< '<', '>', '^', '=' or 0: by the type
  char sign = '-';
  bool alternate = false;
  int64_t width = 0;
  char grouping = 0;  ///< ',' or '_'
  int64_t precision = -1;
  char type = 0;

  /// Throws Failure on anything that is not a specification.
  static FormatSpecification parse(std::string_view source);
};

/// format(value, specification).
std::string format_value(Runtime& runtime, const Value& value, const FormatSpecification& how);

}  // namespace quern::models::jinja
