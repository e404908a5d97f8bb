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

const Mode& find_mode(const ConfigReader& reader) {
  static const Mode modes[] = {{"affine", {32, 64, 128}, {2, 3, 4, 5, 6, 8}, 64, 4},
                               {"mxfp4", {32}, {4}, 32, 4},
                               {"mxfp8", {32}, {8}, 32, 8},
                               {"nvfp4", {16}, {4}, 16, 4}};
  const std::string name = reader.text("mode", "affine");
  std::string known;
  for (const Mode& mode : modes) {
    if (mode.name == name) return mode;
    known += (known.empty() ? "" : ", ") + std::string(mode.name);
  }
  reader.fail("mode", fmt::format("is \"{}\", which is none of {}", name, known), advice);
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
    if (reader->text("quant_method") == "mxfp4") return {Quantization{32, 4, "mxfp4"}, {}};
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
