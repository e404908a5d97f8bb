#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>

#include "models/generate/batch_generator.h"
#include "models/generate/generation_request.h"
#include "models/language_model.h"

namespace quern::models {

/// One request at a time: it keeps what the model remembers of earlier ones and evaluates only what
/// a prompt does not share with them. Not for use from several threads at a time.
class Generator {
 public:
  /// Throws ModelError as BatchGenerator does.
  explicit Generator(std::shared_ptr<const LanguageModel> model, BatchOptions options = {});

  /// Runs a request on the calling thread, calling `on_token` for each token. Ends within one token
  /// of `cancel`. What was generated is remembered.
  ///
  /// Throws ModelError: an empty prompt, a token outside the vocabulary, a prompt longer than the
  /// context, an option out of range. The cache is usable afterwards.
  GenerationStatistics generate(const GenerationRequest& request,
                                const std::function<void(const GeneratedToken&)>& on_token,
                                std::stop_token cancel = {});

  /// Tokens that are remembered of the last request.
  int context_used() const { return context_used_; }
  void clear();

  /// Writes what is remembered of the last request's first `length` tokens, or of as many as the
  /// model can go back to; nothing when that is none. Throws ModelError as save_sequence does.
  void save(const std::filesystem::path& file, int length);
  /// Remembers what was saved. Throws ModelError as load_sequence does.
  void load(const std::filesystem::path& file);

  const LanguageModel& model() const { return batch_.model(); }

 private:
  BatchGenerator batch_;
  int context_used_ = 0;
};

}  // namespace quern::models
