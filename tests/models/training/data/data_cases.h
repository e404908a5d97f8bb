#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/training/data/dataset.h"
#include "tests/models/model_folder.h"

namespace quern::tests {

/// The parts of a row's tokens that are to be learnt, as text, special tokens written out.
inline std::vector<std::string> learnt(const models::RowEncoder& encoder,
                                       const models::EncodedSequence& sequence) {
  std::vector<std::string> parts;
  std::vector<int32_t> part;
  for (size_t i = 0; i <= sequence.tokens.size(); ++i) {
    if (i < sequence.tokens.size() && sequence.supervised[i]) {
      part.push_back(sequence.tokens[i]);
    } else if (!part.empty()) {
      parts.push_back(encoder.tokenizer().decode(part, /*skip_special_tokens=*/false));
      part.clear();
    }
  }
  return parts;
}

/// For the model in tests/data/models/tiny-chat: a token for each letter, turns written as
/// <|role|>text<|end|>, <|end|> its end-of-text token.
inline std::shared_ptr<const models::RowEncoder> tiny_encoder(models::EncodeOptions options = {}) {
  const auto tokenizer = models::Tokenizer::load(data_folder() / "models" / "tiny-chat");
  return std::make_shared<const models::RowEncoder>(
      tokenizer,
      models::ChatTemplate(tokenizer.chat_template(), tokenizer.bos_token(), tokenizer.eos_token()),
      std::move(options));
}

/// Rows of text, the i-th being letters that tell it from all others, and of various lengths.
inline std::string text_row(int i) {
  std::string text;
  for (int digits = i; digits > 0 || text.empty(); digits /= 20) {
    text += static_cast<char>('a' + digits % 20);
  }
  return text + std::string(static_cast<size_t>(i * 7 % 45), 'z');
}

inline std::string text_lines(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) {
    lines += nlohmann::json{{"text", text_row(i)}}.dump() + "\n";
  }
  return lines;
}

/// The sequences of a batch, padding off, each decoded.
inline std::vector<std::string> texts_of(const models::Batch& batch,
                                         const models::RowEncoder& encoder) {
  std::vector<std::string> texts;
  size_t at = 0;
  for (size_t i = 0; i < batch.lengths.size(); ++i) {
    if (!batch.packed) at = i * static_cast<size_t>(batch.columns);
    const std::span<const int32_t> tokens(&batch.tokens[at], size_t(batch.lengths[i]));
    texts.push_back(encoder.tokenizer().decode(tokens));
    at += tokens.size();
  }
  return texts;
}

}  // namespace quern::tests
