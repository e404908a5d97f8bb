#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/io/gguf.h"

namespace quern::models {

/// The metadata of a GGUF file by type. Absent keys are none or empty; one of another type throws
/// ModelError, `[gguf] FILE: KEY ...`.
class GgufMetadata {
 public:
  using Values = std::map<std::string, GGUFMetaData>;

  GgufMetadata(Values values, std::string file)
      : values_(std::move(values)), file_(std::move(file)) {}

  const std::string& file() const { return file_; }
  bool has(const std::string& key) const { return values_.contains(key); }
  bool is_list(const std::string& key) const;

  std::optional<std::string> text(const std::string& key) const;
  std::optional<int64_t> integer(const std::string& key) const;
  std::optional<double> number(const std::string& key) const;
  std::optional<bool> boolean(const std::string& key) const;

  std::vector<std::string> texts(const std::string& key) const;
  std::vector<int32_t> integers(const std::string& key) const;
  std::vector<float> numbers(const std::string& key) const;
  /// The elements of an array of bytes.
  std::string bytes(const std::string& key) const;

  [[noreturn]] void fail(const std::string& key, const std::string& message,
                         const std::string& advice = {}) const;

 private:
  const GGUFMetaData* find(const std::string& key) const;
  /// A number or an array of them, evaluated; none when absent.
  std::optional<array> numeric(const std::string& key, size_t axes) const;

  Values values_;
  std::string file_;
};

}  // namespace quern::models
