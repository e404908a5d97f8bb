#include "models/generate/generator.h"

#include <utility>

namespace quern::models {

Generator::Generator(std::shared_ptr<const LanguageModel> model, BatchOptions options)
    : batch_(std::move(model), std::move(options)) {}

GenerationStatistics Generator::generate(const GenerationRequest& request,
                                         const std::function<void(const GeneratedToken&)>& on_token,
                                         std::stop_token cancel) {
  GenerationStatistics statistics;
  batch_.add(
      request, on_token, [&](const GenerationStatistics& s) { statistics = s; }, std::move(cancel));
  context_used_ = 0;
  while (batch_.step()) {
  }
  context_used_ = batch_.prefixes().last_length();
  return statistics;
}

void Generator::clear() {
  batch_.prefixes().clear();
  context_used_ = 0;
}

}  // namespace quern::models
