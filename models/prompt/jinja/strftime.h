#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace quern::models::jinja {

/// The time as strftime formats it in the C locale, whatever locale the program runs in. A
/// directive that C does not have stays in the text.
std::string format_time(std::string_view pattern, const std::tm& time);

}  // namespace quern::models::jinja
