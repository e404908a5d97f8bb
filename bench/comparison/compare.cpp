// Prints two runs of the benchmark beside each other, line by line.

#include <fmt/format.h>

#include <exception>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using nlohmann::json;

/// The lines of a file that hold a figure.
std::vector<json> lines_of(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(fmt::format("[compare] cannot read {}", file));
  std::vector<json> lines;
  std::string text;
  for (int number = 1; std::getline(in, text); ++number) {
    const json line = json::parse(text, nullptr, false);
    if (!line.is_object() || !line.contains("name"))
      throw std::runtime_error(
          fmt::format("[compare] {}:{}: no line of a benchmark", file, number));
    if (line.contains("figure")) lines.push_back(line);
  }
  return lines;
}

/// How much faster the second is.
double speed_ratio(const json& first, const json& second) {
  const double ratio = second.at("figure").get<double>() / first.at("figure").get<double>();
  return first.at("smaller_is_better").get<bool>() ? 1 / ratio : ratio;
}

/// Slower in itself and against what the machine could do: else the machine may be the slower one.
const char* verdict(double ratio, double fraction_ratio) {
  constexpr double noise = 0.05;
  if (ratio < 1 - noise && fraction_ratio < 1 - noise) return "slower";
  if (ratio > 1 + noise && fraction_ratio > 1 + noise) return "faster";
  return "";
}

/// Returns how many lines got slower.
int compare(const std::string& first_file, const std::string& second_file) {
  std::map<std::string, json> before;
  for (const json& line : lines_of(first_file)) before[line.at("name")] = line;
  fmt::print("{:<46} {:>10} {:>10} {:<9} {:>5} {:>5}  ratio\n", "", "first", "second", "", "", "");
  int slower = 0;
  for (const json& now : lines_of(second_file)) {
    const auto found = before.find(now.at("name"));
    if (found == before.end()) continue;
    const json& then = found->second;
    const double ratio = speed_ratio(then, now);
    const double fraction_then = then.at("fraction"), fraction_now = now.at("fraction");
    const std::string mark = verdict(ratio, fraction_now / fraction_then);
    slower += mark == "slower";
    fmt::print("{:<46} {:>10.4g} {:>10.4g} {:<9} {:>3.0f} % {:>3.0f} %  {:.2f} {}\n",
               now.at("name").get<std::string>(), then.at("figure").get<double>(),
               now.at("figure").get<double>(), now.at("unit").get<std::string>(),
               100 * fraction_then, 100 * fraction_now, ratio, mark);
  }
  if (slower > 0) fmt::print("{} got slower.\n", slower);
  return slower;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr,
               "usage: compare FIRST.json SECOND.json\n"
               "Figures and fractions of the limit of both, and how many times faster the second "
               "is.\nExits with 1 when a line got slower.\n");
    return 2;
  }
  try {
    return compare(argv[1], argv[2]) > 0 ? 1 : 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
