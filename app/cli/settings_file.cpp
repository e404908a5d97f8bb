#include "app/cli/settings_file.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "app/cli/arguments.h"
#include "models/error.h"

namespace quern::cli {

namespace {

using nlohmann::json;

constexpr int most_values = 100'000;
constexpr int most_nested = 32;

/// All of the text as a number.
template <typename T>
std::optional<T> number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_one_of(const std::string& text, std::initializer_list<const char*> lower_case) {
  std::string lower;
  for (const char c : text) lower += c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
  return std::any_of(lower_case.begin(), lower_case.end(),
                     [&](const char* one) { return lower == one; });
}

/// A YAML document as JSON.
class Converter {
 public:
  explicit Converter(std::string source) : source_(std::move(source)) {}

  [[noreturn]] void refuse(const YAML::Mark& mark, const std::string& what) const {
    const std::string where =
        mark.is_null() ? "" : fmt::format(", line {}, column {}", mark.line + 1, mark.column + 1);
    throw models::ModelError(fmt::format("{}{}: {}", source_, where, what), "Correct the YAML.");
  }

  json operator()(const YAML::Node& node, int depth = 0) {
    // An alias may lead back to what it stands in.
    if (++values_ > most_values || depth > most_nested)
      refuse(node.Mark(), "has too many values, or too deep ones");
    switch (node.Type()) {
      case YAML::NodeType::Map:
        return map(node, depth);
      case YAML::NodeType::Sequence: {
        json list = json::array();
        for (const YAML::Node& item : node) list.push_back((*this)(item, depth + 1));
        return list;
      }
      case YAML::NodeType::Scalar:
        return scalar(node);
      case YAML::NodeType::Null:
      case YAML::NodeType::Undefined:
        break;
    }
    return nullptr;
  }

 private:
  json map(const YAML::Node& node, int depth) {
    json object = json::object();
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) refuse(entry.first.Mark(), "a name that is not text");
      const std::string name = entry.first.Scalar();
      if (object.contains(name)) refuse(entry.first.Mark(), fmt::format("{} comes twice", name));
      object[name] = (*this)(entry.second, depth + 1);
    }
    return object;
  }

  json scalar(const YAML::Node& node) const {
    const std::string& text = node.Scalar();
    if (node.Tag() == "!") return text;  // it is quoted
    if (node.Tag() != "?" && !node.Tag().empty())
      refuse(node.Mark(), fmt::format("the tag {} has no meaning here", node.Tag()));
    if (is_one_of(text, {"", "~", "null"})) return nullptr;
    if (is_one_of(text, {"true", "yes", "on"})) return true;
    if (is_one_of(text, {"false", "no", "off"})) return false;
    if (is_one_of(text, {".inf", "+.inf", "-.inf", ".nan"}))
      refuse(node.Mark(), fmt::format("{} is no finite number", text));
    if (const auto whole = number<int64_t>(text)) return *whole;
    const bool may_be_number = text.find_first_not_of("+-.0123456789eE") == std::string::npos;
    if (const auto real = may_be_number ? number<double>(text) : std::nullopt) {
      if (!std::isfinite(*real)) refuse(node.Mark(), fmt::format("{} is no finite number", text));
      return *real;
    }
    return text;
  }

  std::string source_;
  int values_ = 0;
};

json read_yaml(const std::filesystem::path& file) {
  Converter convert(file.string());
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(read_text(file));
    if (documents.size() != 1) {
      convert.refuse(YAML::Mark::null_mark(),
                     fmt::format("holds {} YAML documents, not one", documents.size()));
    }
    return convert(documents[0]);
  } catch (const YAML::Exception& e) {
    convert.refuse(e.mark, e.msg);
  }
}

}  // namespace

nlohmann::json read_settings(const std::filesystem::path& file) {
  const std::string extension = file.extension().string();
  if (extension == ".yaml" || extension == ".yml") return read_yaml(file);
  return read_json(file.string());
}

}  // namespace quern::cli
