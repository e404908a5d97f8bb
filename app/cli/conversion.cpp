#include "app/cli/conversion.h"

#include <fmt/format.h>

#include "app/cli/arguments.h"
#include "app/cli/interrupt.h"

namespace quern::cli {

using Format = models::ConvertOptions::Format;

const std::map<std::string, Format> conversion_formats = {
    {"mlx", Format::mlx}, {"hf", Format::published}, {"gguf", Format::gguf}};

std::optional<models::ConversionReport> convert_watched(const std::string& source,
                                                        const std::string& destination,
                                                        const models::ConvertOptions& options,
                                                        Output& output) {
  Interrupt interrupt;
  const models::ConversionWatch watch{
      .report =
          [&](const models::ConversionProgress& progress) {
            output.progress(fmt::format("{} of {} MB, {}", progress.bytes_done / 1'000'000,
                                        progress.bytes_total / 1'000'000, progress.tensor));
          },
      .stop = interrupt.token()};
  const auto report = models::convert(model_path(source), destination, options, watch);
  output.end_progress();
  return report;
}

}  // namespace quern::cli
