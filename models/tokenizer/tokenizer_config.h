#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizer/added_tokens.h"

namespace quern::models {

/// What stands beside tokenizer.json. Every text is empty when it is absent.
struct TokenizerConfig {
  std::string bos_token;
  std::string eos_token;
  std::string unk_token;
  std::string pad_token;
  std::string chat_template;
  std::string tokenizer_class;
  std::optional<bool> add_bos_token;
  std::optional<bool> add_eos_token;
  std::optional<bool> add_prefix_space;
  std::optional<bool> do_lower_case;
  std::optional<bool> legacy;  // a Llama tokenizer sets a space behind every special token
  std::vector<AddedToken> added_tokens;  // by id
};

/// Fills in what `config` does not say yet from the text of a tokenizer_config.json,
/// special_tokens_map.json or chat_template.json, which name things alike. A token is a string or
/// an object with "content"; a chat template is a string or a list of {"name", "template"}, of
/// which "default" is taken. "added_tokens_decoder" is an object from ids to tokens. Throws
/// FormatError.
void read_tokenizer_config(std::string_view text, TokenizerConfig& config);

}  // namespace quern::models
