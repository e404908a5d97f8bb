#include "models/prompt/jinja/strftime.h"

#include <fmt/format.h>

#include <cmath>

namespace quern::models::jinja {
namespace {

constexpr std::string_view weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                         "Thursday", "Friday", "Saturday"};
constexpr std::string_view months[] = {"January",   "February", "March",    "April",
                                       "May",       "June",     "July",     "August",
                                       "September", "October",  "November", "December"};

template <size_t size>
std::string_view name_of(const std::string_view (&names)[size], int index) {
  return index >= 0 && index < static_cast<int>(size) ? names[index] : "?";
}

struct IsoWeek {
  int year, week;
};

/// ISO 8601: the first week is the one with the year's first Thursday.
IsoWeek iso_week(const std::tm& time) {
  const int year = time.tm_year + 1900, weekday = (time.tm_wday + 6) % 7;
  const int week = (time.tm_yday - weekday + 10) / 7;
  const auto weeks_of = [](int y) {
    // The year has 53 weeks when its last day is a Thursday, or a Friday of a leap year.
    const auto last_day = [](int of) { return (of + of / 4 - of / 100 + of / 400) % 7; };
    return last_day(y) == 4 || last_day(y - 1) == 3 ? 53 : 52;
  };
  if (week < 1) return {year - 1, weeks_of(year - 1)};
  if (week > weeks_of(year)) return {year + 1, 1};
  return {year, week};
}

int hour_12(const std::tm& time) { return time.tm_hour % 12 == 0 ? 12 : time.tm_hour % 12; }

std::string zone_offset(const std::tm& time) {
  const long minutes = time.tm_gmtoff / 60;
  return fmt::format("{}{:02}{:02}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60,
                     std::abs(minutes) % 60);
}

std::string directive(char letter, const std::tm& time) {
  const int year = time.tm_year + 1900;
  switch (letter) {
    case 'a':
      return std::string(name_of(weekdays, time.tm_wday).substr(0, 3));
    case 'A':
      return std::string(name_of(weekdays, time.tm_wday));
    case 'b':
    case 'h':
      return std::string(name_of(months, time.tm_mon).substr(0, 3));
    case 'B':
      return std::string(name_of(months, time.tm_mon));
    case 'c':
      return format_time("%a %b %e %H:%M:%S %Y", time);
    case 'C':
      return fmt::format("{:02}", year / 100);
    case 'd':
      return fmt::format("{:02}", time.tm_mday);
    case 'D':
    case 'x':
      return format_time("%m/%d/%y", time);
    case 'e':
      return fmt::format("{:2}", time.tm_mday);
    case 'f':
      return "000000";
    case 'F':
      return format_time("%Y-%m-%d", time);
    case 'g':
      return fmt::format("{:02}", iso_week(time).year % 100);
    case 'G':
      return std::to_string(iso_week(time).year);
    case 'H':
      return fmt::format("{:02}", time.tm_hour);
    case 'I':
      return fmt::format("{:02}", hour_12(time));
    case 'j':
      return fmt::format("{:03}", time.tm_yday + 1);
    case 'k':
      return fmt::format("{:2}", time.tm_hour);
    case 'l':
      return fmt::format("{:2}", hour_12(time));
    case 'm':
      return fmt::format("{:02}", time.tm_mon + 1);
    case 'M':
      return fmt::format("{:02}", time.tm_min);
    case 'n':
      return "\n";
    case 'p':
      return time.tm_hour < 12 ? "AM" : "PM";
    case 'P':
      return time.tm_hour < 12 ? "am" : "pm";
    case 'r':
      return format_time("%I:%M:%S %p", time);
    case 'R':
      return format_time("%H:%M", time);
    case 'S':
      return fmt::format("{:02}", time.tm_sec);
    case 't':
      return "\t";
    case 'T':
    case 'X':
      return format_time("%H:%M:%S", time);
    case 'u':
      return std::to_string(time.tm_wday == 0 ? 7 : time.tm_wday);
    case 'U':
      return fmt::format("{:02}", (time.tm_yday + 7 - time.tm_wday) / 7);
    case 'V':
      return fmt::format("{:02}", iso_week(time).week);
    case 'w':
      return std::to_string(time.tm_wday);
    case 'W':
      return fmt::format("{:02}", (time.tm_yday + 7 - (time.tm_wday + 6) % 7) / 7);
    case 'y':
      return fmt::format("{:02}", year % 100);
    case 'Y':
      return std::to_string(year);
    case 'z':
      return zone_offset(time);
    case 'Z':
      return time.tm_zone ? time.tm_zone : "";
    case '%':
      return "%";
    default:
      return fmt::format("%{}", letter);
  }
}

/// glibc's %-d and %_d: a number without its zeros, or with blanks in their place.
std::string without_zeros(std::string number, char flag) {
  size_t zeros = 0;
  while (zeros + 1 < number.size() && (number[zeros] == '0' || number[zeros] == ' ')) ++zeros;
  return flag == '-' ? number.substr(zeros) : std::string(zeros, ' ') + number.substr(zeros);
}

}  // namespace

std::string format_time(std::string_view pattern, const std::tm& time) {
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%' || i + 1 == pattern.size()) {
      out += pattern[i];
      continue;
    }
    const char next = pattern[++i];
    const bool flagged = (next == '-' || next == '_') && i + 1 < pattern.size();
    out += flagged ? without_zeros(directive(pattern[++i], time), next) : directive(next, time);
  }
  return out;
}

}  // namespace quern::models::jinja
