#pragma once

#include <optional>
#include <string_view>

namespace quern::models::structured {

/// A regular expression for the values of a JSON schema's "format": date, date-time and time (RFC
/// 3339; dates that exist), uuid (RFC 4122), email (the usual part of RFC 5321) and ipv4. None for
/// other names.
std::optional<std::string_view> format_pattern(std::string_view format);

}  // namespace quern::models::structured
