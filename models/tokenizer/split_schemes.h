#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

/// A way to divide text for a byte-level vocabulary, under the name that GGUF files give it
/// ("tokenizer.ggml.pre").
struct SplitScheme {
  std::string_view name;
  /// Regular expressions in Oniguruma's syntax; each divides what the one before left, and both its
  /// matches and the stretches between them are pieces. They are the published tokenizers' own:
  /// where llama.cpp approximates one, text in rare scripts may be divided differently there.
  std::span<const std::string_view> patterns;
  bool ignore_merges = false;  // a piece that is a token is not divided
  bool adds_bos = false;       // unless the file says otherwise
  bool nfc = false;            // the text is brought into normalisation form C before
};

/// All names; those that are written into files go before others for the same scheme.
std::span<const SplitScheme> split_schemes();

/// Null when the name is unknown.
const SplitScheme* find_split_scheme(std::string_view name);

/// The scheme with these properties, null when there is none.
const SplitScheme* find_split_scheme(const std::vector<std::string>& patterns, bool ignore_merges,
                                     bool nfc);

/// tokenizer.json's "pre_tokenizer" for the scheme.
nlohmann::json pre_tokenizer_of(const SplitScheme& scheme);

/// The patterns that a "pre_tokenizer" amounts to when it ends in the byte alphabet. Throws
/// FormatError, naming the component, when it cannot be said in patterns.
std::vector<std::string> patterns_of(const nlohmann::json& pre_tokenizer);

}  // namespace quern::models
