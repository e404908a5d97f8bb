#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizer/sentencepiece_normalizer.h"

namespace quern::models {

/// A SentencePiece model file (*.model): a ModelProto of sentencepiece_model.proto.
struct SentencePieceFile {
  enum class ModelType { unigram = 1, bpe = 2, word = 3, character = 4 };
  enum class PieceType {
    normal = 1,
    unknown = 2,
    control = 3,
    user_defined = 4,
    unused = 5,
    byte = 6,
  };
  struct Piece {
    std::string text;  // valid UTF-8, not empty
    float score = 0;   // never NaN
    PieceType type = PieceType::normal;
  };

  std::vector<Piece> pieces;  // the index is the id
  ModelType model_type = ModelType::unigram;
  bool byte_fallback = false;
  int64_t bos_id = 1;  // -1 when there is none, as for the next
  int64_t eos_id = 2;
  SentencePieceRules rules;
};

/// Throws FormatError when the bytes are no such file.
SentencePieceFile read_sentencepiece_file(std::string_view bytes);

}  // namespace quern::models
