#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quern::models {

/// The 256 printable characters that stand for the bytes in a byte-level vocabulary (Radford et al.
/// 2019): the bytes that are printable in Latin-1 stand for themselves, the others for U+0100 and
/// the following in order.

/// Appends the characters for the bytes of `text`: one or two bytes of UTF-8 each.
void append_byte_characters(std::string_view text, std::string& out);

/// Appends the bytes that the characters of `token` stand for; a token with any other character
/// gives its own UTF-8 bytes. The token must be valid UTF-8.
void append_bytes(std::string_view token, std::string& out);

}  // namespace quern::models
