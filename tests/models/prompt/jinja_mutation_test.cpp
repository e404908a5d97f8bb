#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "tests/fixtures.h"
#include "tests/models/prompt/jinja_cases.h"

namespace quern::models {
namespace {

using nlohmann::ordered_json;

/// Templates of this repository, and the published ones where the fixtures are at hand.
std::vector<std::pair<std::string, ordered_json>> known_templates() {
  std::vector<std::pair<std::string, ordered_json>> known;
  const auto cases =
      ordered_json::parse(tests::read_text(tests::data_folder() / "jinja" / "cases.json"));
  for (const auto& entry : cases) known.emplace_back(entry["template"], entry["variables"]);
  const auto folder = tests::fixtures_folder() / "templates";
  if (std::filesystem::exists(folder / "golden.json")) {
    const auto golden = ordered_json::parse(tests::read_text(folder / "golden.json"));
    for (const auto& entry : golden) {
      const std::string name = entry["template"];
      known.emplace_back(tests::read_text(folder / name), entry["variables"]);
    }
  }
  return known;
}

/// Renders or throws TemplateError; anything else fails the test, and a crash ends it.
void expect_rendered_or_refused(const std::string& source, const ordered_json& variables) {
  try {
    JinjaTemplate::parse(source).render(variables, tests::at_fixed_time());
  } catch (const TemplateError&) {
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what() << " from\n" << source;
  }
}

std::string mutated(std::string source, std::mt19937& random) {
  static const std::string_view pieces[] = {
      "{{",     "}}",   "{%",   "%}",       "{#",  "#}",   "-",   "+",     "(",  ")", "[",
      "]",      "{",    "}",    "|",        ".",   ",",    "'",   "\"",    ":",  "=", " if ",
      " else ", "**",   "//",   "~",        "\\x", "\xFF", "\n",  "0",     "9",  "%", "is",
      "in",     "not ", "loop", "\xE2\x82", "e99", " ",    "for", "endif", "set"};
  const auto position = [&] { return random() % (source.size() + 1); };
  for (size_t changes = 1 + random() % 4; changes > 0; --changes) {
    const size_t at = position();
    switch (random() % 5) {
      case 0:
        source.resize(at);
        break;
      case 1:
        source.erase(at, random() % 8);
        break;
      case 2:
        source.insert(at, pieces[random() % std::size(pieces)]);
        break;
      case 3:
        source.insert(at, source.substr(position(), random() % 40));
        break;
      default:
        if (at < source.size()) source[at] = static_cast<char>(random());
    }
  }
  return source;
}

TEST(JinjaMutation, EveryTruncationRendersOrIsRefused) {
  for (const auto& [source, variables] : known_templates()) {
    const size_t step = 1 + source.size() / 40;
    for (size_t size = 0; size < source.size(); size += step) {
      expect_rendered_or_refused(source.substr(0, size), variables);
    }
  }
}

TEST(JinjaMutation, EveryMutationRendersOrIsRefused) {
  std::mt19937 random(20260314);
  std::map<std::string, std::vector<ordered_json>> cases;
  for (const auto& [source, variables] : known_templates()) cases[source].push_back(variables);
  for (const auto& [source, variables] : cases) {
    const int mutations = source.size() > 300 ? 2000 : 100;
    for (int i = 0; i < mutations; ++i) {
      expect_rendered_or_refused(mutated(source, random), variables[random() % variables.size()]);
    }
  }
}

}  // namespace
}  // namespace quern::models
