#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

/// A token that is found in the text before the model sees it.
struct AddedToken {
  std::string content;
  int32_t id = 0;            // 0 to Vocabulary::id_limit - 1
  bool single_word = false;  // only where no word character touches it
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // and behind it
  bool normalized = false;   // is looked for in the normalised text, itself normalised
  bool special = false;      // decoding may skip it
};

/// Reads "content" and the flags of an added token. Throws FormatError, also for an id that is not
/// in 0 to Vocabulary::id_limit - 1.
AddedToken read_added_token(const nlohmann::json& entry, int64_t id);

/// A stretch of text between added tokens (id < 0) or an added token.
struct AddedTokenSpan {
  size_t begin;
  size_t end;
  int32_t id;
};

/// Finds a set of added tokens: the leftmost match, and there the longest. Immutable; any thread
/// may search.
class AddedTokenMatcher {
 public:
  explicit AddedTokenMatcher(std::vector<AddedToken> tokens = {});

  /// Spans in order that cover the text (valid UTF-8). None is empty, unless the text is: then
  /// there are none.
  std::vector<AddedTokenSpan> find_all(std::string_view text) const;

  /// The longest token that `rest` begins with, or null.
  const AddedToken* longest_prefix(std::string_view rest) const;

  /// All but those without content, sorted by it.
  const std::vector<AddedToken>& tokens() const { return tokens_; }

 private:
  std::vector<AddedToken> tokens_;
  std::vector<bool> first_bytes_;  // 256 flags
};

}  // namespace quern::models
