#include "models/prompt/jinja/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "models/prompt/jinja/string_literal.h"
#include "models/prompt/jinja/text.h"

namespace quern::models::jinja {
namespace {

/// Every line break as \n, without one that ends the source.
std::string normalized(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    const bool paired = source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n';
    if (paired) continue;
    out += source[i] == '\r' ? '\n' : source[i];
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) {
      const size_t tag = next_tag();
      const std::string_view data = source_.substr(at_, tag - at_);
      if (tag == source_.size()) {
        emit(Token::Kind::data, data);
        advance(tag);
        break;
      }
      open_tag(data, source_[tag + 1]);
    }
    tokens_.push_back({Token::Kind::end, "", line_});
    return std::move(tokens_);
  }

 private:
  void emit(Token::Kind kind, std::string_view text) {
    if (kind == Token::Kind::data && text.empty()) return;
    tokens_.push_back({kind, std::string(text), line_});
  }

  void advance(size_t to) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         source_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    at_ = to;
  }

  char peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  bool looking_at(std::string_view text) const { return source_.substr(at_).starts_with(text); }

  size_t skip_space(size_t from) const {
    return source_.size() - text::strip(source_.substr(from), true, false).size();
  }

  size_t next_tag() const {
    for (size_t i = source_.find('{', at_); i != source_.npos; i = source_.find('{', i + 1)) {
      if (i + 1 < source_.size() &&
          (source_[i + 1] == '{' || source_[i + 1] == '%' || source_[i + 1] == '#')) {
        return i;
      }
    }
    return source_.size();
  }

  /// The data before a tag, trimmed as the tag's sign and the line before it ask.
  std::string_view trimmed_before(std::string_view data, char sign, bool is_variable) const {
    if (sign == '-') return text::strip(data, false, true);
    if (sign == '+' || is_variable) return data;
    const size_t line_start = data.rfind('\n') + 1;  // npos + 1 is 0
    const std::string_view blanks = data.substr(line_start);
    const bool begins_line = line_start > 0 || line_starting_;
    return begins_line && text::strip(blanks).empty() ? data.substr(0, line_start) : data;
  }

  char sign_at(size_t position) const {
    const char c = position < source_.size() ? source_[position] : '\0';
    return c == '-' || c == '+' ? c : '\0';
  }

  void open_tag(std::string_view data, char opener) {
    const size_t tag = at_ + data.size();
    const char sign = sign_at(tag + 2);
    const size_t inside = tag + 2 + (sign ? 1 : 0);
    emit(Token::Kind::data, trimmed_before(data, sign, opener == '{'));
    if (opener == '%') {
      if (const auto body = raw_body(inside)) {
        advance(*body);
        raw_block();
        return;
      }
    }
    advance(inside);
    line_starting_ = false;
    if (opener == '#') {
      comment();
    } else if (opener == '%') {
      emit(Token::Kind::block_begin, "");
      inside_tag("%}", Token::Kind::block_end);
    } else {
      emit(Token::Kind::variable_begin, "");
      inside_tag("}}", Token::Kind::variable_end);
    }
  }

  /// Behind the end of a block or comment: trim_blocks takes a line break, `-` all white space.
  void close(size_t end, char sign) {
    if (sign == '-') end = skip_space(end);
    if (sign == '\0' && end < source_.size() && source_[end] == '\n') ++end;
    line_starting_ = end > 0 && source_[end - 1] == '\n';
    advance(end);
  }

  void comment() {
    if (at_ == source_.size()) return;
    const size_t end = source_.find("#}", at_);
    if (end == source_.npos) throw SyntaxFailure("Missing end of comment tag", line_);
    close(end + 2, end > at_ ? sign_at(end - 1) : '\0');
  }

  /// Where the text of a raw block begins, if this block is the start of one.
  std::optional<size_t> raw_body(size_t inside) const {
    size_t i = skip_space(inside);
    if (!source_.substr(i).starts_with("raw")) return std::nullopt;
    i = skip_space(i + 3);
    if (source_.substr(i).starts_with("-%}")) return skip_space(i + 3);
    if (source_.substr(i).starts_with("%}")) return i + 2;
    return std::nullopt;
  }

  void raw_block() {
    if (at_ == source_.size()) return;
    line_starting_ = source_[at_ - 1] == '\n';
    for (size_t i = source_.find("{%", at_); i != source_.npos; i = source_.find("{%", i + 1)) {
      const char sign = sign_at(i + 2);
      size_t end = skip_space(i + 2 + (sign ? 1 : 0));
      if (!source_.substr(end).starts_with("endraw")) continue;
      end = skip_space(end + 6);
      const char closing = sign_at(end);
      if (closing) ++end;
      if (!source_.substr(end).starts_with("%}")) continue;
      emit(Token::Kind::data, trimmed_before(source_.substr(at_, i - at_), sign, false));
      close(end + 2, closing);
      return;
    }
    throw SyntaxFailure("Missing end of raw directive", line_);
  }

  /// The tokens of a tag up to and with its end. Within brackets its end is two symbols.
  void inside_tag(std::string_view end, Token::Kind end_kind) {
    const int opened = line_;
    std::string brackets;
    while (true) {
      advance(skip_space(at_));
      if (at_ >= source_.size()) {
        throw SyntaxFailure(
            fmt::format("unexpected end of template, the tag of line {} is not closed", opened),
            line_);
      }
      if (brackets.empty() && end_tag(end, end_kind)) return;
      if (!number() && !name() && !string()) symbol(brackets);
    }
  }

  bool end_tag(std::string_view end, Token::Kind kind) {
    const bool is_block = kind == Token::Kind::block_end;
    const char sign = peek() == '-' || (is_block && peek() == '+') ? peek() : '\0';
    if (!source_.substr(at_ + (sign ? 1 : 0)).starts_with(end)) return false;
    emit(kind, "");
    const size_t behind = at_ + (sign ? 1 : 0) + end.size();
    // Variables keep the line break behind them.
    close(behind, is_block || sign ? sign : '+');
    return true;
  }

  /// Digits, with single underscores between them.
  size_t digits(size_t i, bool (*accepts)(char)) const {
    while (i < source_.size()) {
      if (accepts(source_[i])) {
        ++i;
      } else if (source_[i] == '_' && i + 1 < source_.size() && accepts(source_[i + 1])) {
        i += 2;
      } else {
        break;
      }
    }
    return i;
  }

  bool number() {
    if (!is_digit(peek())) return false;
    const bool behind_dot = at_ > 0 && source_[at_ - 1] == '.';
    size_t end = digits(at_, is_digit);
    bool is_float = false;
    if (!behind_dot) {
      if (end + 1 < source_.size() && source_[end] == '.' && is_digit(source_[end + 1])) {
        end = digits(end + 1, is_digit);
        is_float = true;
      }
      if (end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
        const size_t power = end + 1 + (sign_at(end + 1) ? 1 : 0);
        if (power < source_.size() && is_digit(source_[power])) {
          end = digits(power, is_digit);
          is_float = true;
        }
      }
    }
    if (!is_float) end = integer_end();
    std::string text(source_.substr(at_, end - at_));
    std::erase(text, '_');
    emit(is_float ? Token::Kind::floating : Token::Kind::integer, text);
    advance(end);
    return true;
  }

  size_t integer_end() const {
    struct Base {
      char mark;
      bool (*accepts)(char);
    };
    static constexpr Base bases[] = {
        {'b', [](char c) { return c == '0' || c == '1'; }},
        {'o', [](char c) { return c >= '0' && c <= '7'; }},
        {'x', [](char c) { return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); }},
    };
    for (const Base& base : bases) {
      if (peek() != '0' || (peek(1) | 32) != base.mark) continue;
      const size_t end = digits(at_ + 2, base.accepts);
      if (end > at_ + 2) return end;
    }
    // A leading zero is a number of its own.
    return digits(at_, peek() == '0' ? +[](char c) { return c == '0'; } : +is_digit);
  }

  bool name() {
    size_t end = at_;
    while (end < source_.size()) {
      const text::CodePoint c = text::code_point_at(source_, end);
      if (!c.valid || !text::is_word(c.value)) break;
      end += c.size;
    }
    if (end == at_) return false;
    emit(Token::Kind::name, source_.substr(at_, end - at_));
    advance(end);
    return true;
  }

  bool string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return false;
    size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) throw SyntaxFailure("a string is not closed", line_);
    try {
      emit(Token::Kind::string, unescape(source_.substr(at_ + 1, end - at_ - 1)));
    } catch (const Failure& failure) {
      throw SyntaxFailure(failure.what(), line_);
    }
    advance(end + 1);
    return true;
  }

  void symbol(std::string& brackets) {
    static constexpr std::string_view symbols[] = {
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
        "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    const auto found = std::find_if(std::begin(symbols), std::end(symbols),
                                    [&](std::string_view symbol) { return looking_at(symbol); });
    if (found == std::end(symbols)) {
      throw SyntaxFailure(fmt::format("unexpected char '{}'",
                                      source_.substr(at_, text::code_point_at(source_, at_).size)),
                          line_);
    }
    balance(brackets, (*found)[0]);
    emit(Token::Kind::symbol, *found);
    advance(at_ + found->size());
  }

  void balance(std::string& brackets, char c) const {
    constexpr std::string_view opening = "([{", closing = ")]}";
    const size_t opens = opening.find(c);
    if (opens != opening.npos) brackets += closing[opens];
    if (closing.find(c) == closing.npos) return;
    if (brackets.empty()) throw SyntaxFailure(fmt::format("unexpected '{}'", c), line_);
    if (brackets.back() != c) {
      throw SyntaxFailure(fmt::format("unexpected '{}', expected '{}'", c, brackets.back()), line_);
    }
    brackets.pop_back();
  }

  std::string_view source_;
  size_t at_ = 0;
  int line_ = 1;
  /// Whether the text from here on begins a line, so that blanks before a block may go.
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
  const std::string text = normalized(source);
  return Lexer(text).run();
}

}  // namespace quern::models::jinja
