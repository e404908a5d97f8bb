#pragma once

#include <string>

#include "models/tokenizer/added_tokens.h"
#include "models/tokenizer/character_map.h"
#include "models/tokenizer/normalizer.h"

namespace quern::models {

/// What SentencePiece's NormalizerSpec says.
struct SentencePieceRules {
  CharacterMap map;
  bool add_dummy_prefix = true;          // a space before the text
  bool remove_extra_whitespaces = true;  // spaces at both ends, and all but one in a row
  bool escape_whitespaces = true;        // spaces become U+2581
  bool whitespace_as_suffix = false;     // the added space stands behind the text
};

/// SentencePiece's way to bring a text into the form of its vocabulary (Kudo & Richardson 2018).
class SentencePieceNormalizer : public Normalizer {
 public:
  /// Where one of the symbols stands in a text, nothing is mapped.
  SentencePieceNormalizer(SentencePieceRules rules, AddedTokenMatcher symbols)
      : rules_(std::move(rules)), symbols_(std::move(symbols)) {}

  void normalize(std::string& text) const override;

  const SentencePieceRules& rules() const { return rules_; }

 private:
  /// Appends what the text is mapped to, with plain spaces.
  void append_mapped(std::string_view text, std::string& out) const;

  SentencePieceRules rules_;
  AddedTokenMatcher symbols_;
};

}  // namespace quern::models
