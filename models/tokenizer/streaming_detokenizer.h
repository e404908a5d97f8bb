#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/tokenizer/decoder.h"
#include "models/tokenizer/tokenizer.h"

namespace quern::models {

/// Turns the tokens of a generation into text as they come, in constant time for each.
///
/// All results joined equal Tokenizer::decode of all ids. The one exception: where byte-fallback
/// tokens break off in the middle of a character, decode replaces every byte of their run by
/// U+FFFD, while the characters that this class had completed before stay. Belongs to one thread.
class StreamingDetokenizer {
 public:
  /// rendered: special tokens that are not skipped, as the markers of tool calls are.
  explicit StreamingDetokenizer(const Tokenizer& tokenizer, bool skip_special_tokens = true,
                                std::vector<int32_t> rendered = {});

  /// The text that this id completed: whole characters, perhaps none.
  std::string add(int32_t id);

  /// What was held back. After it comes reset() or nothing.
  std::string finish();

  /// Begins a new sequence.
  void reset();

 private:
  Tokenizer tokenizer_;
  bool skip_special_tokens_;
  std::vector<int32_t> rendered_;
  DecodeStream stream_;
};

}  // namespace quern::models
