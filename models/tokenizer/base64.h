#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quern::models {

/// The bytes that a text in base64 (RFC 4648, section 4) stands for; absent when it is malformed.
/// The padding may be left out.
std::optional<std::string> base64_bytes(std::string_view text);

}  // namespace quern::models
