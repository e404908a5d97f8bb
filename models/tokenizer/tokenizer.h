#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

struct TokenizerParts;

/// Text to token ids and back, as the `tokenizers` library does it with the same tokenizer.json and
/// SentencePiece or tiktoken with their files. "truncation" and "padding" in a tokenizer.json are
/// not obeyed: no text is cut silently.
///
/// A value: copies share what was loaded, which never changes. Any thread may call any function.
class Tokenizer {
 public:
  /// Reads the first that FOLDER holds of tokenizer.json, tokenizer.model (SentencePiece or
  /// tiktoken), *.tiktoken, tiktoken.model, vocab.json with merges.txt, and vocab.txt; and where
  /// they exist tokenizer_config.json, special_tokens_map.json, chat_template.jinja and
  /// chat_template.json. Added tokens that only tokenizer_config.json names are taken in.
  ///
  /// Throws ModelError, naming the file, when one cannot be read, is malformed, or uses a component
  /// that is not supported.
  static Tokenizer load(const std::filesystem::path& folder);

  /// Whether the folder holds one of these files.
  static bool is_in(const std::filesystem::path& folder);

  /// Names of these files; one that begins with '.' is any file's ending.
  static std::vector<std::string> file_formats();

  /// A tokenizer.json from texts in memory.
  static Tokenizer from_json(std::string_view tokenizer_json,
                             std::string_view tokenizer_config_json = {});

  /// Around parts that one of the readers filled.
  explicit Tokenizer(std::shared_ptr<const TokenizerParts> parts);

  /// Each invalid part of a text that is not UTF-8 counts as U+FFFD. `add_special_tokens` adds what
  /// the file's post-processor sets around a text; special tokens written out in the text are found
  /// in either case. Throws ModelError when a regular expression of the file gives up on the text.
  std::vector<int32_t> encode(std::string_view text, bool add_special_tokens = true) const;

  /// Unknown ids are left out. The result is valid UTF-8.
  std::string decode(std::span<const int32_t> ids, bool skip_special_tokens = true) const;

  /// The bytes that each token adds to a text, perhaps the middle of a character: [vocab_size()],
  /// empty for unknown ids. at_start: as the text's first token, else behind others. Added tokens
  /// give their own text.
  std::vector<std::string> token_bytes(bool at_start) const;

  /// The highest id + 1, added tokens included.
  int32_t vocab_size() const;
  std::optional<int32_t> token_to_id(std::string_view token) const;

  /// The token as the vocabulary writes it; empty when the id is unknown. Valid as long as any copy
  /// of the tokenizer.
  std::string_view id_to_token(int32_t id) const;
  bool is_special(int32_t id) const;

  /// Named in tokenizer_config.json, else in special_tokens_map.json. Texts are empty, and ids
  /// absent, when neither names the token; an id is also absent when the vocabulary lacks the
  /// token.
  const std::string& bos_token() const;
  const std::string& eos_token() const;
  const std::string& unk_token() const;
  const std::string& pad_token() const;
  std::optional<int32_t> bos_token_id() const;
  std::optional<int32_t> eos_token_id() const;

  /// A Jinja template, from chat_template.jinja, else chat_template.json, else
  /// tokenizer_config.json (of a list, the one named "default"). Empty when there is none.
  const std::string& chat_template() const;

  const TokenizerParts& parts() const { return *parts_; }

 private:
  std::shared_ptr<const TokenizerParts> parts_;
};

}  // namespace quern::models
