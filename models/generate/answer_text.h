#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/generate/stop_matcher.h"
#include "models/language_model.h"
#include "models/tokenizer/streaming_detokenizer.h"

namespace quern::models {

/// The pieces of an answer's text that are certain; nothing at all for a model without a tokenizer.
class AnswerText {
 public:
  /// rendered: special tokens that are part of the text all the same.
  AnswerText(const LanguageModel& model, std::vector<std::string> stop,
             std::vector<int32_t> rendered)
      : matcher_(std::move(stop)) {
    if (model.has_tokenizer()) detokenizer_.emplace(model.tokenizer(), true, std::move(rendered));
  }

  std::string add(int32_t id) {
    return detokenizer_ ? matcher_.add(detokenizer_->add(id)) : std::string();
  }

  /// What was held back.
  std::string finish() {
    if (!detokenizer_) return {};
    std::string text = matcher_.add(detokenizer_->finish());
    return text += matcher_.finish();
  }

  /// Whether a stop text came.
  bool stopped() const { return matcher_.stopped(); }

 private:
  std::optional<StreamingDetokenizer> detokenizer_;
  StopMatcher matcher_;
};

}  // namespace quern::models
