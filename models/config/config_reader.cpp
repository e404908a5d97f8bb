#include "models/config/config_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include "models/error.h"

namespace quern::models {

namespace {

using Json = nlohmann::json;

constexpr const char* damaged_advice = "The file is damaged or incomplete: download it again.";

/// A value as it stands in the file, short enough for a message.
std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

/// Python writes infinities and not-a-number by names that JSON does not know: here they become the
/// largest float and null.
std::string without_python_numbers(const std::string& text) {
  constexpr std::pair<std::string_view, std::string_view> words[] = {
      {"Infinity", "3.4028234663852886e+38"}, {"NaN", "null"}};
  std::string out;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto found = std::find_if(std::begin(words), std::end(words), [&](const auto& word) {
      return !quoted && text.compare(i, word.first.size(), word.first) == 0;
    });
    if (found != std::end(words)) {
      out += found->second;
      i += found->first.size() - 1;
      continue;
    }
    out += text[i];
    if (quoted && text[i] == '\\' && i + 1 < text.size())
      out += text[++i];
    else if (text[i] == '"')
      quoted = !quoted;
  }
  return out;
}

}  // namespace

Json read_json_object(const std::filesystem::path& file, const std::string& where) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    throw ModelError(
        fmt::format("[{}] {}: there is no such file, or it cannot be read", where, file.string()),
        "Choose a folder that holds a whole model, or download it again.");
  }
  const std::string text(std::istreambuf_iterator<char>(in), {});
  Json parsed;
  try {
    parsed = Json::parse(text, nullptr, false);
    if (parsed.is_discarded()) parsed = Json::parse(without_python_numbers(text));
  } catch (const Json::parse_error& e) {
    std::string why = e.what();
    if (const size_t at = why.find("at line "); at != std::string::npos) why = why.substr(at);
    throw ModelError(fmt::format("[{}] {}: is not valid JSON {}", where, file.string(), why),
                     damaged_advice);
  } catch (const Json::exception&) {
    throw ModelError(
        fmt::format("[{}] {}: holds a number that is too large for any", where, file.string()),
        damaged_advice);
  }
  if (!parsed.is_object()) {
    throw ModelError(fmt::format("[{}] {}: holds {} instead of a JSON object", where, file.string(),
                                 parsed.type_name()),
                     damaged_advice);
  }
  return parsed;
}

bool ConfigReader::is_list(const char* key) const {
  const Json* value = find(key);
  return value && value->is_array();
}

ConfigReader::ConfigReader(const Json& object, std::string file, std::string path)
    : object_(&object), file_(std::move(file)), path_(std::move(path)) {}

void ConfigReader::fail(const std::string& key, const std::string& message,
                        const std::string& advice) const {
  const std::string full = path_.empty() ? key : key.empty() ? path_ : path_ + "." + key;
  throw ModelError(
      fmt::format("[config] {}: {} {}", file_, full, message),
      advice.empty() ? "Compare the file with the one the model was published with." : advice);
}

const Json* ConfigReader::find(const char* key) const {
  const auto it = object_->find(key);
  return it == object_->end() || it->is_null() ? nullptr : &*it;
}

const Json& ConfigReader::need(const char* key) const {
  const Json* value = find(key);
  if (!value) fail(key, "is missing", damaged_advice);
  return *value;
}

int ConfigReader::to_integer(const std::string& key, const Json& value, Range<int> range) const {
  // Some exporters write whole numbers as 4096.0.
  const bool whole =
      value.is_number_integer() ||
      (value.is_number_float() && std::floor(value.get<double>()) == value.get<double>());
  if (!whole) fail(key, fmt::format("is {}, which is not an integer", shown(value)));
  const double number = value.get<double>();
  if (number < range.min || number > range.max) {
    fail(key, fmt::format("is {}, outside {}..{}", shown(value), range.min, range.max));
  }
  return int(number);
}

float ConfigReader::to_number(const std::string& key, const Json& value, Range<float> range) const {
  if (!value.is_number()) fail(key, fmt::format("is {}, which is not a number", shown(value)));
  const double number = value.get<double>();
  if (!(number >= range.min && number <= range.max)) {
    fail(key, fmt::format("is {}, outside {:g}..{:g}", shown(value), range.min, range.max));
  }
  return float(number);
}

int ConfigReader::integer(const char* key, Range<int> range) const {
  return to_integer(key, need(key), range);
}

int ConfigReader::integer(const char* key, Range<int> range, int when_absent) const {
  return optional_integer(key, range).value_or(when_absent);
}

std::optional<int> ConfigReader::optional_integer(const char* key, Range<int> range) const {
  const Json* value = find(key);
  return value ? std::optional(to_integer(key, *value, range)) : std::nullopt;
}

float ConfigReader::number(const char* key, Range<float> range) const {
  return to_number(key, need(key), range);
}

float ConfigReader::number(const char* key, Range<float> range, float when_absent) const {
  return optional_number(key, range).value_or(when_absent);
}

std::optional<float> ConfigReader::optional_number(const char* key, Range<float> range) const {
  const Json* value = find(key);
  return value ? std::optional(to_number(key, *value, range)) : std::nullopt;
}

bool ConfigReader::boolean(const char* key, bool when_absent) const {
  return optional_boolean(key).value_or(when_absent);
}

std::optional<bool> ConfigReader::optional_boolean(const char* key) const {
  const Json* value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_boolean()) fail(key, fmt::format("is {} instead of true or false", shown(*value)));
  return value->get<bool>();
}

std::string ConfigReader::text(const char* key) const {
  const Json& value = need(key);
  if (!value.is_string()) fail(key, fmt::format("is {} instead of a text", shown(value)));
  return value.get<std::string>();
}

std::string ConfigReader::text(const char* key, const std::string& when_absent) const {
  return has(key) ? text(key) : when_absent;
}

const Json* ConfigReader::find_list(const char* key) const {
  const Json* value = find(key);
  if (value && !value->is_array()) fail(key, fmt::format("is {} instead of a list", shown(*value)));
  return value;
}

std::vector<float> ConfigReader::numbers(const char* key, Range<float> range) const {
  std::vector<float> out;
  if (const Json* list = find_list(key)) {
    for (size_t i = 0; i < list->size(); ++i) {
      out.push_back(to_number(fmt::format("{}[{}]", key, i), (*list)[i], range));
    }
  }
  return out;
}

std::vector<std::string> ConfigReader::texts(const char* key) const {
  std::vector<std::string> out;
  if (const Json* list = find_list(key)) {
    for (const Json& value : *list) {
      if (!value.is_string()) fail(key, fmt::format("holds {} instead of a text", shown(value)));
      out.push_back(value.get<std::string>());
    }
  }
  return out;
}

std::vector<int32_t> ConfigReader::one_or_more_integers(const char* key, Range<int> range) const {
  const Json* value = find(key);
  if (!value) return {};
  if (!value->is_array()) return {to_integer(key, *value, range)};
  std::vector<int32_t> out;
  for (const Json& element : *value) out.push_back(to_integer(key, element, range));
  return out;
}

std::optional<ConfigReader> ConfigReader::object(const char* key) const {
  const Json* value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_object()) fail(key, fmt::format("is {} instead of an object", shown(*value)));
  return ConfigReader(*value, file_, path_.empty() ? key : path_ + "." + key);
}

}  // namespace quern::models
