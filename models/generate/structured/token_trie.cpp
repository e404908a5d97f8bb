#include "models/generate/structured/token_trie.h"

#include <algorithm>

#include "models/error.h"

namespace quern::models {

TokenTrie::TokenTrie(const Tokenizer& tokenizer, int32_t vocab_size,
                     std::span<const int32_t> end_tokens)
    : vocab_size_(vocab_size), bytes_(tokenizer.token_bytes(false)) {
  for (const int32_t id : end_tokens) {
    if (id >= 0 && id < vocab_size) end_tokens_.push_back(id);
  }
  if (end_tokens_.empty()) {
    throw ModelError("[grammar] the model has no token that ends an answer",
                     "Structured output needs a model whose files name an end token.");
  }
  bytes_.resize(size_t(vocab_size));
  auto start_bytes = tokenizer.token_bytes(true);
  start_bytes.resize(size_t(vocab_size));

  std::vector<int32_t> excluded = end_tokens_;
  for (const std::string* name : {&tokenizer.bos_token(), &tokenizer.eos_token(),
                                  &tokenizer.unk_token(), &tokenizer.pad_token()}) {
    const auto id = tokenizer.token_to_id(*name);
    if (!name->empty() && id) excluded.push_back(*id);
  }
  for (int32_t id = 0; id < vocab_size; ++id) {
    if (tokenizer.is_special(id)) excluded.push_back(id);
  }
  for (const int32_t id : excluded) {
    if (id >= vocab_size) continue;
    bytes_[size_t(id)].clear();
    start_bytes[size_t(id)].clear();
  }
  for (int32_t id = 0; id < vocab_size; ++id) {
    if (start_bytes[size_t(id)] == bytes_[size_t(id)]) continue;
    different_at_start_.push_back(id);
    start_bytes_.push_back(std::move(start_bytes[size_t(id)]));
  }
  build();
}

void TokenTrie::build() {
  for (int32_t id = 0; id < vocab_size_; ++id) {
    const std::string_view text = bytes(id);
    if (text.empty()) continue;
    sorted_tokens_.push_back(id);
    if (text.size() == 1) single_bytes_.set(uint8_t(text[0]));
  }
  std::sort(sorted_tokens_.begin(), sorted_tokens_.end(),
            [this](int32_t a, int32_t b) { return bytes(a) < bytes(b); });
  std::vector<uint32_t> open;  // the nodes from the root to the last one
  const auto close_to = [&](size_t depth) {
    for (; open.size() > depth; open.pop_back()) nodes_[open.back()].skip = uint32_t(nodes_.size());
  };
  std::string_view previous;
  for (uint32_t i = 0; i < sorted_tokens_.size(); ++i) {
    const std::string_view text = bytes(sorted_tokens_[i]);
    const size_t shorter = std::min(text.size(), previous.size());
    const size_t common = size_t(
        std::mismatch(text.begin(), text.begin() + int64_t(shorter), previous.begin()).first -
        text.begin());
    close_to(common);
    for (size_t at = common; at < text.size(); ++at) {
      open.push_back(uint32_t(nodes_.size()));
      nodes_.push_back({0, uint32_t(at + 1), i, 0, uint8_t(text[at])});
    }
    nodes_[open.back()].token_count++;
    depth_ = std::max(depth_, uint32_t(text.size()));
    previous = text;
  }
  close_to(0);
}

bool TokenTrie::is_end_token(int32_t id) const {
  return std::find(end_tokens_.begin(), end_tokens_.end(), id) != end_tokens_.end();
}

std::string_view TokenTrie::bytes_at_start(int32_t id) const {
  const auto found = std::lower_bound(different_at_start_.begin(), different_at_start_.end(), id);
  if (found == different_at_start_.end() || *found != id) return bytes(id);
  return start_bytes_[size_t(found - different_at_start_.begin())];
}

}  // namespace quern::models
