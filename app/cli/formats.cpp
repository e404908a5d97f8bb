#include "app/cli/verb.h"
#include "models/supported_models.h"

namespace quern::cli {

namespace {

int run(Output& output) {
  if (!output.json()) {
    output.text(models::supported_models_markdown());
    return done;
  }
  for (const models::SupportedFamily& family : models::supported_families()) {
    output.object(
        {{"family", family.name}, {"model_types", family.model_types}, {"gguf", family.gguf}});
  }
  for (const models::SupportedFormat& format : models::supported_formats()) {
    output.object({{"form", format.what}, {"names", format.names}});
  }
  return done;
}

}  // namespace

Action add_formats(CLI::App&) { return run; }

}  // namespace quern::cli
