#include "models/tokenizer/sentencepiece_normalizer.h"

#include "models/tokenizer/utf8.h"

namespace quern::models {

namespace {

/// Removes spaces at both ends and all but one of several in a row.
void merge_spaces(std::string& text) {
  size_t kept = 0;
  for (char c : text) {
    if (c == ' ' && (kept == 0 || text[kept - 1] == ' ')) continue;
    text[kept++] = c;
  }
  if (kept > 0 && text[kept - 1] == ' ') --kept;
  text.resize(kept);
}

}  // namespace

void SentencePieceNormalizer::append_mapped(std::string_view text, std::string& out) const {
  if (rules_.map.empty()) {
    out += text;
    return;
  }
  for (size_t i = 0; i < text.size();) {
    std::string_view rest = text.substr(i);
    size_t length = utf8_length(rest[0]);
    if (const AddedToken* symbol = symbols_.longest_prefix(rest)) {
      length = symbol->content.size();
      out += symbol->content;
    } else if (auto mapped = rules_.map.longest(rest)) {
      length = mapped->first;
      out += mapped->second;
    } else {
      out += rest.substr(0, length);
    }
    i += length;
  }
}

void SentencePieceNormalizer::normalize(std::string& text) const {
  std::string mapped;
  mapped.reserve(text.size() + text.size() / 4 + 8);
  append_mapped(text, mapped);
  if (rules_.remove_extra_whitespaces) merge_spaces(mapped);
  text.clear();
  if (mapped.empty()) return;
  std::string_view space = rules_.escape_whitespaces ? "\xE2\x96\x81" : " ";
  if (rules_.add_dummy_prefix && !rules_.whitespace_as_suffix) text += space;
  for (size_t begin = 0; begin < mapped.size();) {
    size_t end = std::min(mapped.find(' ', begin), mapped.size());
    text.append(mapped, begin, end - begin);
    if (end < mapped.size()) text += space;
    begin = end + 1;
  }
  if (rules_.add_dummy_prefix && rules_.whitespace_as_suffix) text += space;
}

}  // namespace quern::models
