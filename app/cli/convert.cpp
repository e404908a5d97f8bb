#include <fmt/format.h>

#include <charconv>
#include <map>
#include <memory>
#include <utility>

#include "app/cli/arguments.h"
#include "app/cli/conversion.h"
#include "app/cli/verb.h"

namespace quern::cli {

namespace {

using models::ConvertOptions;
using models::Quantization;

const std::map<std::string, Dtype> dtypes = {
    {"float32", float32}, {"float16", float16}, {"bfloat16", bfloat16}};

struct Convert {
  std::string source, destination;
  bool quantize = false;
  std::string mode = "affine";
  int bits = 0, group_size = 0;  ///< 0: the mode's default
  std::vector<std::string> rules;
  std::string dtype;
  ConvertOptions options;

  int run(Output& output) const;

 private:
  models::QuantizationPlan plan() const;
};

/// "8", "8:32" (bits and group size), "mxfp4" (a mode) or "none".
std::optional<Quantization> parse_quantization(const std::string& text, const std::string& rule) {
  if (text == "none") return std::nullopt;
  const auto number = [&](std::string_view part) {
    int value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size()) {
      throw models::ModelError(
          fmt::format("[convert] the rule \"{}\" says \"{}\" of its weights", rule, text),
          "Write PATTERN=BITS, PATTERN=BITS:GROUP_SIZE, PATTERN=MODE or PATTERN=none.");
    }
    return value;
  };
  if (text.empty() || text[0] < '0' || text[0] > '9') return models::default_quantization(text);
  Quantization out = models::default_quantization("affine");
  const size_t colon = text.find(':');
  out.bits = number(std::string_view(text).substr(0, colon));
  if (colon != std::string::npos) out.group_size = number(std::string_view(text).substr(colon + 1));
  return out;
}

models::QuantizationPlan Convert::plan() const {
  models::QuantizationPlan plan = options.plan;
  if (quantize || !plan.recipe.empty()) {
    plan.quantization = models::default_quantization(mode);
    if (bits > 0) plan.quantization->bits = bits;
    if (group_size > 0) plan.quantization->group_size = group_size;
  }
  for (const std::string& rule : rules) {
    const size_t equals = rule.rfind('=');
    const std::string of = equals == std::string::npos ? "" : rule.substr(equals + 1);
    plan.rules.push_back({rule.substr(0, equals), parse_quantization(of, rule)});
  }
  return plan;
}

int Convert::run(Output& output) const {
  ConvertOptions complete = options;
  complete.plan = plan();
  if (!dtype.empty()) complete.dtype = dtypes.at(dtype);
  const auto report = convert_watched(source, destination, complete, output);
  if (!report) return interrupted;
  if (output.json()) {
    output.object({{"path", destination},
                   {"parameters", report->parameters},
                   {"weight_bytes", report->weight_bytes},
                   {"bits_per_weight", report->bits_per_weight}});
  } else {
    output.text(fmt::format("{}: {:.1f} MB, {:.2f} bits per weight\n", destination,
                            double(report->weight_bytes) / 1e6, report->bits_per_weight));
  }
  return done;
}

}  // namespace

Action add_convert(CLI::App& command) {
  const auto verb = std::make_shared<Convert>();
  command.add_option("SRC", verb->source, "A model: a folder or a .gguf file")->required();
  command.add_option("DST", verb->destination, "Where the converted one goes; must not exist")
      ->required();
  command.add_option("--format", verb->options.format, "mlx (a folder), hf (floats only) or gguf")
      ->transform(CLI::CheckedTransformer(conversion_formats))
      ->type_name("FORMAT");
  command.add_flag("--quantize,-q", verb->quantize, "Quantize, with the defaults of --mode");
  const auto quantizes = [verb](const std::string&) { verb->quantize = true; };
  command.add_option("--bits", verb->bits, "2, 3, 4, 5, 6 or 8 bits per weight")->each(quantizes);
  command.add_option("--group-size", verb->group_size, "Weights that share a scale: 32, 64 or 128")
      ->each(quantizes);
  CLI::Option* mode = command
                          .add_option("--mode", verb->mode,
                                      "affine, mxfp4, mxfp8 or nvfp4; quantizes in groups of 64, "
                                      "32, 32 or 16 unless told otherwise")
                          ->each(quantizes);
  command
      .add_option("--recipe", verb->options.plan.recipe,
                  fmt::format("Two widths, more bits where they matter: {}",
                              fmt::join(models::recipe_names(), ", ")))
      ->excludes(mode);
  command
      .add_option("--rule", verb->rules,
                  "For weights whose path matches: PATTERN=BITS, PATTERN=BITS:GROUP_SIZE, "
                  "PATTERN=MODE or PATTERN=none; may be repeated, the last match counts")
      ->type_name("RULE")
      ->allow_extra_args(false);
  command.add_flag("--dequantize", verb->options.dequantize, "Make floats of quantized weights");
  command.add_option("--dtype", verb->dtype, "Of the floats: float16, bfloat16 or float32")
      ->check(CLI::IsMember(dtypes));
  command
      .add_option("--type", verb->options.gguf_type,
                  "Of GGUF: F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K, Q4_K_M "
                  "or Q5_K_M")
      ->capture_default_str();
  return [verb](Output& output) { return verb->run(output); };
}

}  // namespace quern::cli
