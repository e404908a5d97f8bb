#include "models/tokenizer/streaming_detokenizer.h"

#include <algorithm>
#include <utility>

#include "models/tokenizer/tokenizer_parts.h"

namespace quern::models {

StreamingDetokenizer::StreamingDetokenizer(const Tokenizer& tokenizer, bool skip_special_tokens,
                                           std::vector<int32_t> rendered)
    : tokenizer_(tokenizer),
      skip_special_tokens_(skip_special_tokens),
      rendered_(std::move(rendered)),
      stream_(*tokenizer_.parts().decoder, Emission::prompt) {}

std::string StreamingDetokenizer::add(int32_t id) {
  const TokenizerParts& parts = tokenizer_.parts();
  if (skip_special_tokens_ && parts.is_special(id) &&
      std::find(rendered_.begin(), rendered_.end(), id) == rendered_.end()) {
    return {};
  }
  std::string_view token = parts.text(id);
  if (token.empty()) return {};
  stream_.add(token);
  return stream_.take();
}

std::string StreamingDetokenizer::finish() {
  stream_.finish();
  return stream_.take();
}

void StreamingDetokenizer::reset() {
  stream_ = DecodeStream(*tokenizer_.parts().decoder, Emission::prompt);
}

}  // namespace quern::models
