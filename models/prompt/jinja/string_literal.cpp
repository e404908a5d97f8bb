#include "models/prompt/jinja/string_literal.h"

#include "models/prompt/jinja/text.h"
#include "models/prompt/jinja/value.h"

namespace quern::models::jinja {
namespace {

class Unescaper {
 public:
  explicit Unescaper(std::string_view literal) : literal_(literal) {}

  std::string run() {
    while (at_ < literal_.size()) {
      const char c = literal_[at_++];
      if (c == '\\' && at_ < literal_.size()) {
        escape(literal_[at_++]);
      } else {
        out_ += c;
      }
    }
    return std::move(out_);
  }

 private:
  void escape(char c) {
    constexpr std::string_view letters = "\\'\"abfnrtv", meanings = "\\'\"\a\b\f\n\r\t\v";
    if (const size_t at = letters.find(c); at != letters.npos) {
      out_ += meanings[at];
      return;
    }
    switch (c) {
      case '\n':
        return;
      case 'x':
        text::append_code_point(out_, hexadecimal(2));
        return;
      case 'u':
        code_point(hexadecimal(4));
        return;
      case 'U':
        code_point(hexadecimal(8));
        return;
      case 'N':
        throw Failure("characters by name (\\N) are not supported");
      default:
        break;
    }
    if (c >= '0' && c <= '7') {
      --at_;
      text::append_code_point(out_, octal());
      return;
    }
    out_ += '\\';
    out_ += c;
  }

  uint32_t octal() {
    uint32_t value = 0;
    for (int i = 0; i < 3 && at_ < literal_.size() && literal_[at_] >= '0' && literal_[at_] <= '7';
         ++i) {
      value = value * 8 + static_cast<uint32_t>(literal_[at_++] - '0');
    }
    return value;
  }

  uint32_t hexadecimal(int digits) {
    uint32_t value = 0;
    for (int i = 0; i < digits; ++i) {
      const char c = at_ < literal_.size() ? literal_[at_++] : '\0';
      const char lower = static_cast<char>(c | 32);
      if (c >= '0' && c <= '9') {
        value = value * 16 + static_cast<uint32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        value = value * 16 + static_cast<uint32_t>(lower - 'a' + 10);
      } else {
        throw Failure("a \\x, \\u or \\U escape is cut short");
      }
    }
    return value;
  }

  void code_point(uint32_t value) {
    if (value >= 0xD800 && value < 0xDC00 && literal_.substr(at_).starts_with("\\u")) {
      at_ += 2;
      const uint32_t low = hexadecimal(4);
      if (low < 0xDC00 || low > 0xDFFF) throw Failure("a \\u escape is half of a surrogate pair");
      value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
    }
    if (value > 0x10FFFF) throw Failure("a \\U escape is beyond the last code point");
    if (value >= 0xD800 && value <= 0xDFFF)
      throw Failure("a \\u escape is half of a surrogate pair");
    text::append_code_point(out_, value);
  }

  std::string_view literal_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string unescape(std::string_view literal) { return Unescaper(literal).run(); }

}  // namespace quern::models::jinja
