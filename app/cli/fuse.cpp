#include <fmt/format.h>

#include <memory>

#include "app/cli/arguments.h"
#include "app/cli/conversion.h"
#include "app/cli/verb.h"

namespace quern::cli {

namespace {

using models::ConvertOptions;

struct Fuse {
  std::string source, destination;
  std::vector<std::string> adapters;
  float strength = 1;
  ConvertOptions options;

  int run(Output& output) const;
};

void print(const models::ConversionReport& report, const std::string& destination, Output& output) {
  const models::MergeReport& merge = *report.merge;
  if (output.json()) {
    output.object({{"path", destination},
                   {"parameters", report.parameters},
                   {"weight_bytes", report.weight_bytes},
                   {"bits_per_weight", report.bits_per_weight},
                   {"changed", merge.modules},
                   {"quantized_again", merge.quantized},
                   {"kept", merge.kept},
                   {"rounding_error", merge.error}});
    return;
  }
  output.text(fmt::format("{}: {} weights changed, {:.1f} MB, {:.2f} bits per weight\n",
                          destination, merge.modules, double(report.weight_bytes) / 1e6,
                          report.bits_per_weight));
  if (merge.quantized == 0) return;
  output.text(
      fmt::format("{} were quantized again: {:.1f} % of the change is kept, and rounding "
                  "added {:.1f} % of its size; --dequantize keeps all of it\n",
                  merge.quantized, 100 * merge.kept, 100 * merge.error));
}

int Fuse::run(Output& output) const {
  ConvertOptions complete = options;
  complete.adapters = read_adapters(adapters, strength);
  const auto report = convert_watched(source, destination, complete, output);
  if (!report) return interrupted;
  print(*report, destination, output);
  return done;
}

}  // namespace

Action add_fuse(CLI::App& command) {
  const auto verb = std::make_shared<Fuse>();
  add_model(command, verb->source);
  command.add_option("DST", verb->destination, "Where the merged model goes; must not exist")
      ->required();
  add_adapters(command, verb->adapters)->required();
  command
      .add_option("--strength", verb->strength,
                  "Of adapters that have none of their own: 0 nothing, 1 all of them")
      ->capture_default_str();
  command.add_option("--format", verb->options.format, "mlx (a folder), hf (floats only) or gguf")
      ->transform(CLI::CheckedTransformer(conversion_formats))
      ->type_name("FORMAT");
  command.add_flag("--dequantize", verb->options.dequantize,
                   "Make floats of quantized weights, so that nothing of the change is rounded "
                   "away");
  command.add_option("--type", verb->options.gguf_type, "Of GGUF, as of convert")
      ->capture_default_str();
  return [verb](Output& output) { return verb->run(output); };
}

}  // namespace quern::cli
