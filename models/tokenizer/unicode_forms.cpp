#include "models/tokenizer/unicode_forms.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "models/tokenizer/characters.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

namespace {

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

utf8proc_option_t options(UnicodeForm form) {
  int bits = UTF8PROC_STABLE;
  bits |=
      form == UnicodeForm::nfc || form == UnicodeForm::nfkc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == UnicodeForm::nfkc || form == UnicodeForm::nfkd) bits |= UTF8PROC_COMPAT;
  return static_cast<utf8proc_option_t>(bits);
}

void append_form(UnicodeForm form, std::string_view text, std::string& out) {
  utf8proc_uint8_t* result = nullptr;
  utf8proc_ssize_t length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &result, options(form));
  std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(result, std::free);
  if (length < 0) {
    throw std::runtime_error(
        fmt::format("[normalize_form] {} bytes: {}", text.size(), utf8proc_errmsg(length)));
  }
  out.append(reinterpret_cast<const char*>(result), static_cast<size_t>(length));
}

}  // namespace

void normalize_form(UnicodeForm form, std::string& text) {
  auto first = std::find_if_not(text.begin(), text.end(), is_ascii);
  if (first == text.end()) return;
  // An ASCII character is its own form and composes with nothing before it, only with what follows.
  // So only runs of others, each with the one ASCII character before it, need the tables.
  std::string out;
  out.reserve(text.size() + 16);
  auto done = text.begin();
  while (first != text.end()) {
    auto begin = first == done ? first : first - 1;
    auto end = std::find_if(first, text.end(), is_ascii);
    out.append(done, begin);
    append_form(form, std::string_view(begin, end), out);
    done = end;
    first = std::find_if_not(end, text.end(), is_ascii);
  }
  out.append(done, text.end());
  text = std::move(out);
}

void strip_accents(std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    size_t begin = i;
    if (!is_nonspacing_mark(next_code_point(text, i))) out.append(text, begin, i - begin);
  }
  text = std::move(out);
}

void lowercase(std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    char32_t c = next_code_point(text, i);
    if (c == 0x130) {  // the only character whose lower case is two: i with dot above
      out += "i\xCC\x87";
    } else {
      append_utf8(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))), out);
    }
  }
  text = std::move(out);
}

}  // namespace quern::models
