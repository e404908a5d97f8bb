#include "models/config/quantization_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>

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

/// What each mode computes with.
struct Mode {
  std::string_view name;
  std::initializer_list<int> group_sizes;
  std::initializer_list<int> bits;
  int default_group_size, default_bits;
};

const Mode modes[] = {{"affine", {16, 32, 64, 128}, {2, 3, 4, 5, 6, 8}, 64, 4},
                      {"mxfp4", {32}, {4}, 32, 4},
                      {"mxfp8", {32}, {8}, 32, 8},
                      {"nvfp4", {16}, {4}, 16, 4}};

const Mode& find_mode(const ConfigReader& reader) {
  const std::string name = reader.text("mode", "affine");
  for (const Mode& mode : modes) {
    if (mode.name == name) return mode;
  }
  reader.fail(
      "mode",
      fmt::format("is \"{}\", which is none of {}", name, fmt::join(quantization_modes(), ", ")),
      advice);
}

constexpr std::string_view foreign_methods[] = {"awq", "gptq",       "compressed-tensors",
                                                "fp8", "fbgemm_fp8", "bitnet"};

std::string read_foreign_method(const ConfigReader& reader) {
  const std::string name = reader.text("quant_method");
  const auto known = std::find(std::begin(foreign_methods), std::end(foreign_methods), name);
  if (known == std::end(foreign_methods)) {
    reader.fail("quant_method",
                fmt::format("is \"{}\", which cannot be read; {} can", name,
                            fmt::join(foreign_methods, ", ")),
                advice);
  }
  return name;
}

/// The global quantization, or (with it) an exception from it.
Quantization read_one(const ConfigReader& reader, const std::optional<Quantization>& global) {
  const Mode& mode = find_mode(reader);
  std::optional<Quantization> base;  // what absent keys are
  if (global && global->mode == mode.name) {
    base = global;
  } else if (global || mode.name != "affine") {
    base = Quantization{mode.default_group_size, mode.default_bits, std::string(mode.name)};
  }
  const auto value = [&](const char* key, std::initializer_list<int> allowed,
                         int Quantization::*member) {
    return one_of(reader, key, allowed, base ? std::optional((*base).*member) : std::nullopt);
  };
  return {value("group_size", mode.group_sizes, &Quantization::group_size),
          value("bits", mode.bits, &Quantization::bits), std::string(mode.name)};
}

}  // namespace

std::vector<std::string> quantization_modes() {
  std::vector<std::string> names;
  for (const Mode& mode : modes) names.emplace_back(mode.name);
  return names;
}

std::vector<std::string> foreign_quantizations() {
  return {std::begin(foreign_methods), std::end(foreign_methods)};
}

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
    // gpt-oss as it is published: only what has scales is quantized.
    if (reader->text("quant_method") == "mxfp4") {
      out.global = Quantization{32, 4, "mxfp4"};
    } else {
      out.foreign_method = read_foreign_method(*reader);
    }
    return out;
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
