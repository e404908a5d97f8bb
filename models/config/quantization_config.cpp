#include "models/config/quantization_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace quern::models {

namespace {

constexpr const char* advice =
    "Choose another version of the model: unquantized, or quantized by Quern or MLX.";

int one_of(const ConfigReader& reader, const char* key, std::initializer_list<int> allowed,
           std::optional<int> when_absent) {
  const int value = when_absent ? reader.integer(key, {}, *when_absent) : reader.integer(key, {});
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    reader.fail(key, fmt::format("is {}, which is none of {}", value, fmt::join(allowed, ", ")),
                advice);
  }
  return value;
}

Quantization read_one(const ConfigReader& reader, const std::optional<Quantization>& global) {
  Quantization out;
  out.mode = reader.text("mode", out.mode);
  if (out.mode != "affine") {
    reader.fail("mode", fmt::format("is \"{}\"; only \"affine\" can be computed with", out.mode),
                advice);
  }
  out.group_size = one_of(reader, "group_size", {32, 64, 128},
                          global ? std::optional(global->group_size) : std::nullopt);
  out.bits = one_of(reader, "bits", {2, 3, 4, 5, 6, 8},
                    global ? std::optional(global->bits) : std::nullopt);
  return out;
}

}  // namespace

std::optional<Quantization> QuantizationConfig::of(const std::string& module_path) const {
  const auto it = overrides.find(module_path);
  return it == overrides.end() ? global : it->second;
}

QuantizationConfig read_quantization(const ConfigReader& config) {
  QuantizationConfig out;
  auto reader = config.object("quantization");
  if (!reader) reader = config.object("quantization_config");
  if (!reader) return out;
  if (reader->has("quant_method")) {
    reader->fail("quant_method",
                 fmt::format("is \"{}\", which cannot be read", reader->text("quant_method")),
                 advice);
  }
  out.global = read_one(*reader, std::nullopt);
  for (const auto& [key, value] : reader->json().items()) {
    if (value.is_object()) {
      out.overrides[key] = read_one(*reader->object(key.c_str()), out.global);
    } else if (value.is_boolean()) {
      out.overrides[key] = value.get<bool>() ? out.global : std::nullopt;
    }
  }
  return out;
}

}  // namespace quern::models
