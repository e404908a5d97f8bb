#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace quern::models {

/// The JSON of a file. Throws ModelError, `[WHERE] FILE: ...`: no such file, not readable, not JSON
/// (with line and column), or not an object.
nlohmann::json read_json_object(const std::filesystem::path& file, const std::string& where);

/// What a number in a config may be, both ends included.
template <typename T>
struct Range {
  T min = std::numeric_limits<T>::lowest();
  T max = std::numeric_limits<T>::max();
};

/// Reads one JSON object of a config file. JSON's null counts as absent. Everything throws
/// ModelError naming the file, the key (with the path to it) and the value, when a value has the
/// wrong type or lies outside its range, and when a needed one is absent.
class ConfigReader {
 public:
  /// `object` must outlive the reader; `path` leads to it within the file and is empty for the
  /// whole.
  ConfigReader(const nlohmann::json& object, std::string file, std::string path = {});

  bool has(const char* key) const { return find(key) != nullptr; }
  bool is_list(const char* key) const;

  int integer(const char* key, Range<int> range) const;
  int integer(const char* key, Range<int> range, int when_absent) const;
  std::optional<int> optional_integer(const char* key, Range<int> range) const;

  float number(const char* key, Range<float> range) const;
  float number(const char* key, Range<float> range, float when_absent) const;
  std::optional<float> optional_number(const char* key, Range<float> range) const;

  bool boolean(const char* key, bool when_absent) const;
  std::optional<bool> optional_boolean(const char* key) const;

  std::string text(const char* key) const;
  std::string text(const char* key, const std::string& when_absent) const;

  /// Empty when absent.
  std::vector<float> numbers(const char* key, Range<float> range) const;
  std::vector<std::string> texts(const char* key) const;
  /// One integer or a list of them; empty when absent.
  std::vector<int32_t> one_or_more_integers(const char* key, Range<int> range) const;

  std::optional<ConfigReader> object(const char* key) const;

  const nlohmann::json& json() const { return *object_; }

  /// Throws ModelError: `[config] FILE: KEY MESSAGE`.
  [[noreturn]] void fail(const std::string& key, const std::string& message,
                         const std::string& advice = {}) const;

 private:
  const nlohmann::json* find(const char* key) const;
  const nlohmann::json& need(const char* key) const;
  int to_integer(const std::string& key, const nlohmann::json& value, Range<int> range) const;
  float to_number(const std::string& key, const nlohmann::json& value, Range<float> range) const;
  const nlohmann::json* find_list(const char* key) const;

  const nlohmann::json* object_;
  std::string file_;
  std::string path_;
};

}  // namespace quern::models
