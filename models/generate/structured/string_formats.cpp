#include "models/generate/structured/string_formats.h"

namespace quern::models::structured {
namespace {

#define QUERN_LEAP_YEAR \
  "(\\d\\d(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26]|00)00)"
#define QUERN_DATE                                                                   \
  "(\\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)" \
  "|02-(0[1-9]|1\\d|2[0-8]))|" QUERN_LEAP_YEAR "-02-29)"
#define QUERN_TIME \
  "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)"

struct Format {
  std::string_view name;
  std::string_view pattern;
};

constexpr Format formats[] = {
    {"date", QUERN_DATE},
    {"time", QUERN_TIME},
    {"date-time", QUERN_DATE "T" QUERN_TIME},
    {"uuid", "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"},
    {"email",
     "[A-Za-z0-9_%+-]{1,32}(\\.[A-Za-z0-9_%+-]{1,15}){0,2}@"
     "([A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?\\.){1,4}[A-Za-z]{2,24}"},
    {"ipv4", "((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)\\.){3}(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"},
};

#undef QUERN_TIME
#undef QUERN_DATE
#undef QUERN_LEAP_YEAR

}  // namespace

std::optional<std::string_view> format_pattern(std::string_view format) {
  for (const Format& known : formats) {
    if (known.name == format) return known.pattern;
  }
  return std::nullopt;
}

}  // namespace quern::models::structured
