#include "models/weights/gguf/gguf_metadata.h"

#include <fmt/format.h>

#include "engine/ops/cast.h"
#include "models/error.h"

namespace quern::models {

void GgufMetadata::fail(const std::string& key, const std::string& message,
                        const std::string& advice) const {
  throw ModelError(fmt::format("[gguf] {}: {} {}", file_, key, message),
                   advice.empty() ? "The file is damaged or of a kind that is not known here: "
                                    "download the model again, or choose another version of it."
                                  : advice);
}

const GGUFMetaData* GgufMetadata::find(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

bool GgufMetadata::is_list(const std::string& key) const {
  const GGUFMetaData* value = find(key);
  const array* numbers = value ? std::get_if<array>(value) : nullptr;
  return numbers && numbers->ndim() == 1;
}

std::optional<array> GgufMetadata::numeric(const std::string& key, size_t axes) const {
  const GGUFMetaData* value = find(key);
  if (!value) return std::nullopt;
  const array* found = std::get_if<array>(value);
  if (!found || found->ndim() != axes) {
    fail(key, axes == 0 ? "is not a number" : "is not a list of numbers");
  }
  return *found;
}

std::optional<std::string> GgufMetadata::text(const std::string& key) const {
  const GGUFMetaData* value = find(key);
  if (!value) return std::nullopt;
  const auto* found = std::get_if<std::string>(value);
  if (!found) fail(key, "is not a text");
  return *found;
}

std::optional<int64_t> GgufMetadata::integer(const std::string& key) const {
  const auto value = numeric(key, 0);
  if (!value) return std::nullopt;
  if (!issubdtype(value->dtype(), quern::integer)) fail(key, "is not an integer");
  return value->item<int64_t>();
}

std::optional<double> GgufMetadata::number(const std::string& key) const {
  const auto value = numeric(key, 0);
  return value ? std::optional(value->item<double>()) : std::nullopt;
}

std::optional<bool> GgufMetadata::boolean(const std::string& key) const {
  const auto value = numeric(key, 0);
  if (!value) return std::nullopt;
  if (value->dtype() != bool_) fail(key, "is not a truth value");
  return value->item<bool>();
}

std::vector<std::string> GgufMetadata::texts(const std::string& key) const {
  const GGUFMetaData* value = find(key);
  if (!value) return {};
  if (const auto* found = std::get_if<std::vector<std::string>>(value)) return *found;
  if (const array* none = std::get_if<array>(value); none && none->size() == 0) return {};
  fail(key, "is not a list of texts");
}

std::vector<int32_t> GgufMetadata::integers(const std::string& key) const {
  const auto value = numeric(key, 1);
  if (!value) return {};
  array list = astype(*value, int32);
  list.eval();
  return {list.data<int32_t>(), list.data<int32_t>() + list.size()};
}

std::vector<float> GgufMetadata::numbers(const std::string& key) const {
  const auto value = numeric(key, 1);
  if (!value) return {};
  array list = astype(*value, float32);
  list.eval();
  return {list.data<float>(), list.data<float>() + list.size()};
}

std::string GgufMetadata::bytes(const std::string& key) const {
  const auto value = numeric(key, 1);
  if (!value) return {};
  if (value->itemsize() != 1) fail(key, "is not a list of bytes");
  array list = *value;
  list.eval();
  return {list.data<char>(), list.size()};
}

}  // namespace quern::models
