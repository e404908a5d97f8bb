#include "models/tokenizer/sentencepiece_file.h"

#include <fmt/format.h>

#include <cmath>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/protobuf_reader.h"
#include "models/tokenizer/utf8.h"
#include "models/tokenizer/vocabulary.h"

namespace quern::models {

namespace {

using Piece = SentencePieceFile::Piece;

/// An enumerator from 1 to `last`.
template <class Enum>
Enum enumerator(uint64_t value, Enum last, std::string_view what) {
  if (value < 1 || value > static_cast<uint64_t>(last)) {
    throw FormatError(fmt::format("the {} {} is unknown", what, value));
  }
  return static_cast<Enum>(value);
}

Piece read_piece(ProtobufReader reader, size_t id) {
  Piece piece;
  while (reader.next()) {
    if (reader.number() == 1) piece.text = reader.bytes();
    if (reader.number() == 2) piece.score = reader.float32();
    if (reader.number() == 3) {
      piece.type =
          enumerator(reader.varint(), SentencePieceFile::PieceType::byte, "type of a piece");
    }
  }
  if (piece.text.empty() || !is_valid_utf8(piece.text)) {
    throw FormatError(
        fmt::format("piece {} is {}", id, piece.text.empty() ? "empty" : "not valid UTF-8"));
  }
  if (std::isnan(piece.score)) throw FormatError(fmt::format("piece {} has no score", id));
  return piece;
}

void read_trainer(ProtobufReader reader, SentencePieceFile& file) {
  auto signed_id = [&] { return static_cast<int64_t>(reader.varint()); };
  while (reader.next()) {
    switch (reader.number()) {
      case 3:
        file.model_type =
            enumerator(reader.varint(), SentencePieceFile::ModelType::character, "model type");
        break;
      case 24:
        file.rules.whitespace_as_suffix = reader.varint() != 0;
        break;
      case 35:
        file.byte_fallback = reader.varint() != 0;
        break;
      case 41:
        file.bos_id = signed_id();
        break;
      case 42:
        file.eos_id = signed_id();
        break;
      default:
        break;
    }
  }
}

void read_normalizer(ProtobufReader reader, SentencePieceRules& rules) {
  while (reader.next()) {
    switch (reader.number()) {
      case 2:
        rules.map = CharacterMap(reader.bytes());
        break;
      case 3:
        rules.add_dummy_prefix = reader.varint() != 0;
        break;
      case 4:
        rules.remove_extra_whitespaces = reader.varint() != 0;
        break;
      case 5:
        rules.escape_whitespaces = reader.varint() != 0;
        break;
      default:
        break;
    }
  }
}

}  // namespace

SentencePieceFile read_sentencepiece_file(std::string_view bytes) {
  SentencePieceFile file;
  ProtobufReader reader(bytes);
  while (reader.next()) {
    if (reader.number() == 1) {
      if (file.pieces.size() >= static_cast<size_t>(Vocabulary::id_limit)) {
        throw FormatError(fmt::format("the file has more than {} pieces", Vocabulary::id_limit));
      }
      file.pieces.push_back(read_piece(reader.message(), file.pieces.size()));
    }
    if (reader.number() == 2) read_trainer(reader.message(), file);
    if (reader.number() == 3) read_normalizer(reader.message(), file.rules);
  }
  if (file.pieces.empty()) throw FormatError("the file has no pieces");
  return file;
}

}  // namespace quern::models
