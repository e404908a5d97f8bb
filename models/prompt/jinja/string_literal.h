#pragma once

#include <string>
#include <string_view>

namespace quern::models::jinja {

/// The string that stands between the quotes of a literal, with Python's escapes resolved. A pair
/// of surrogates becomes the one code point it means. Throws Failure on an escape that is cut
/// short, on a lone surrogate and on characters by name (\N{...}).
std::string unescape(std::string_view literal);

}  // namespace quern::models::jinja
