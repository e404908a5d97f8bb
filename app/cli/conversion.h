#pragma once

#include <map>
#include <string>

#include "app/cli/output.h"
#include "models/quantize/convert.h"

namespace quern::cli {

/// The forms that a model can be written in, as --format spells them.
extern const std::map<std::string, models::ConvertOptions::Format> conversion_formats;

/// Converts with progress on the terminal. None when Ctrl-C stopped it.
std::optional<models::ConversionReport> convert_watched(const std::string& source,
                                                        const std::string& destination,
                                                        const models::ConvertOptions& options,
                                                        Output& output);

}  // namespace quern::cli
