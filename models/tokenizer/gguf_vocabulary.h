#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizer/tokenizer.h"

namespace quern::models {

/// What kind of token an entry of tokenizer.ggml.token_type says.
enum class GgufTokenType : int32_t {
  undefined = 0,
  normal = 1,
  unknown = 2,
  control = 3,       // special: decoding may skip it
  user_defined = 4,  // found in the text before the model sees it
  unused = 5,
  byte = 6,  // <0x00> to <0xFF>
};

/// The vocabulary of a GGUF file: its metadata below "tokenizer.", each under the name of its key
/// without "tokenizer.ggml.". An absent key leaves its field empty.
struct GgufVocabulary {
  std::string
      model;        // "llama" (SentencePiece BPE), "gpt2" (byte-level BPE), "bert", "t5" (unigram)
  std::string pre;  // how a "gpt2" model divides text
  std::vector<std::string> tokens;   // as the vocabulary writes them; the index is the id
  std::vector<float> scores;         // one for each token, or empty
  std::vector<int32_t> token_types;  // tokenizer.ggml.token_type: GgufTokenType, for each token, or
                                     // empty
  std::vector<std::string> merges;   // "left right", lowest rank first

  std::optional<int64_t> bos_token_id;
  std::optional<int64_t> eos_token_id;
  std::optional<int64_t> eot_token_id;  // ends a turn
  std::optional<int64_t> eom_token_id;  // ends a message
  std::optional<int64_t> unknown_token_id;
  std::optional<int64_t> separator_token_id;  // the key is spelled "seperator_token_id"
  std::optional<int64_t> padding_token_id;
  std::optional<int64_t> cls_token_id;
  std::optional<int64_t> mask_token_id;

  std::optional<bool> add_bos_token;
  std::optional<bool> add_eos_token;
  std::optional<bool> add_sep_token;
  std::optional<bool> add_space_prefix;
  std::optional<bool> remove_extra_whitespaces;

  std::optional<bool> normalizer_lowercase;  // tokenizer.ggml.normalizer.lowercase, for "bert"
  std::optional<bool> normalizer_strip_accents;

  std::string precompiled_charsmap;  // the bytes of the array
  std::string chat_template;         // tokenizer.chat_template
};

/// The tokenizer that llama.cpp makes of the same metadata.
///
/// Throws ModelError, its text beginning `[tokenizer] FILE: `, when the model kind or the `pre`
/// name is unknown, a table has the wrong length or an id lies outside the vocabulary.
Tokenizer tokenizer_of_gguf(const GgufVocabulary& vocabulary, std::string_view file);

/// The ids that end an answer: the file's own (eos, eot, eom) and those of tokens that are known by
/// name to do so, since files often leave them out. Sorted; ids outside the vocabulary are ignored.
std::vector<int32_t> end_of_generation_ids(const GgufVocabulary& vocabulary);

/// The vocabulary to write into a GGUF file so that llama.cpp divides text as `tokenizer` does.
///
/// `vocab_size` is the number of rows of the model's embedding: ids that no token has are filled
/// with unused ones, [PADn]. 0 takes the tokenizer's own. Throws ModelError, naming the component
/// or the split pattern, when GGUF has no name for what the tokenizer does.
GgufVocabulary gguf_vocabulary_of(const Tokenizer& tokenizer, int32_t vocab_size = 0);

}  // namespace quern::models
