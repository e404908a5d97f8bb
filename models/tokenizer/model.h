#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "models/tokenizer/vocabulary.h"

namespace quern::models {

/// The part of a tokenizer that divides a piece of text into tokens. Immutable but for caches; any
/// thread may call it.
class TokenModel {
 public:
  explicit TokenModel(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  virtual ~TokenModel() = default;

  /// Appends the ids of a piece: valid UTF-8, not empty, already normalised and pre-tokenized.
  virtual void tokenize(std::string_view piece, std::vector<int32_t>& ids) const = 0;

  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  Vocabulary vocabulary_;
};

/// tokenizer.json's "model". The two large tables stay JSON text, which each model reads in its own
/// form.
struct ModelSource {
  const nlohmann::json& fields;  // the members other than these two
  std::string_view vocab;        // empty when absent
  std::string_view merges;       // empty when absent
};

/// Throws FormatError when the type is not supported or a field is wrong.
std::unique_ptr<TokenModel> make_model(const ModelSource& source);

/// The models behind make_model, each in its own file.
std::unique_ptr<TokenModel> make_bpe(const ModelSource& source);
std::unique_ptr<TokenModel> make_unigram(const ModelSource& source);
std::unique_ptr<TokenModel> make_word_piece(const ModelSource& source);
std::unique_ptr<TokenModel> make_word_level(const ModelSource& source);

/// Reads a "vocab" of the form {"token": id}. Throws FormatError, naming the model `where`.
Vocabulary read_vocabulary(std::string_view text, std::string_view where);

}  // namespace quern::models
