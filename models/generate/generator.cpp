#include "models/generate/generator.h"

#include <utility>

#include "models/cache/cache_file.h"

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
  const SequenceCache* last = batch_.prefixes().last();
  context_used_ = last ? last->length() : 0;
  return statistics;
}

void Generator::clear() {
  batch_.prefixes().clear();
  context_used_ = 0;
}

void Generator::save(const std::filesystem::path& file, int length) {
  // Before the sequences are looked at: what is left of them then was made with these strengths.
  const std::string fingerprint = model().fingerprint();
  const SequenceCache* last = batch_.prefixes().last();
  const int reachable = last ? last->reachable(length) : 0;
  if (reachable > 0) save_sequence(file, last->fork(reachable), fingerprint);
}

void Generator::load(const std::filesystem::path& file) {
  batch_.prefixes().put(load_sequence(file, model().decoder().make_cache(),
                                      model().config().vocab_size, model().fingerprint()));
}

}  // namespace quern::models
