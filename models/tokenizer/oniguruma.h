#pragma once

#include <string>
#include <string_view>

namespace quern::models {

/// The same regular expression for PCRE2 (with PCRE2_UTF, PCRE2_UCP and PCRE2_MULTILINE set) as
/// `pattern` is for Oniguruma 6.9 with UTF-8. They differ in
///
/// - \s \w \h \v and their complements, and \uHHHH;
/// - scripts: \p{Han} is the property Script, not Script_Extensions;
/// - character classes, which nest and intersect: [\p{L}&&[^\p{Han}]];
/// - {n,m}+, which repeats and is not possessive, and {,m};
/// - the option m, which lets the dot match a line feed.
///
/// An expression that neither understands is left for PCRE2 to refuse.
std::string pcre2_pattern(std::string_view pattern);

}  // namespace quern::models
