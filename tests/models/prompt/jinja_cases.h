#pragma once

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "models/prompt/jinja.h"

namespace quern::tests {

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The moment at which the expected outputs were computed: 2026-03-14 15:09:26, a Saturday.
inline models::JinjaTemplate::Options at_fixed_time() {
  std::tm time{};
  time.tm_year = 126;
  time.tm_mon = 2;
  time.tm_mday = 14;
  time.tm_hour = 15;
  time.tm_min = 9;
  time.tm_sec = 26;
  time.tm_wday = 6;
  time.tm_yday = 72;
  return {time};
}

/// What the template gives; "ERROR: ..." where it raises.
inline std::string render_or_error(const std::string& source,
                                   const nlohmann::ordered_json& variables) {
  try {
    return models::JinjaTemplate::parse(source).render(variables, at_fixed_time());
  } catch (const models::TemplateError& error) {
    return std::string("ERROR: ") + error.what();
  }
}

}  // namespace quern::tests
