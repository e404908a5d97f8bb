#include "models/generate/structured/regex_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "models/error.h"
#include "models/tokenizer/utf8.h"

namespace quern::models::structured {
namespace {

constexpr size_t maximum_pattern = 1 << 16;
constexpr uint32_t maximum_count = 1'000'000;
constexpr int maximum_depth = 200;

const CharacterSet digits = {{'0', '9'}};
const CharacterSet word_characters = {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}, {'_', '_'}};
const CharacterSet white_space = {
    {'\t', '\r'},     {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
    {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
const CharacterSet line_ends = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

Regex character(CharacterSet set) {
  return {.kind = Regex::Kind::character, .set = std::move(set)};
}

Regex repeat(Regex part, uint32_t minimum, uint32_t maximum) {
  Regex out{.kind = Regex::Kind::repeat, .minimum = minimum, .maximum = maximum};
  out.parts.push_back(std::move(part));
  return out;
}

Regex anything() { return repeat(character(CharacterSet::all()), 0, Node::unbounded); }

class Parser {
 public:
  Parser(std::string_view pattern, Anchoring anchoring) : pattern_(pattern), anchoring_(anchoring) {
    if (pattern.size() > maximum_pattern) {
      fail(fmt::format("has {} bytes, but may have {}", pattern.size(), maximum_pattern));
    }
    if (!is_valid_utf8(pattern)) fail("is not valid UTF-8");
  }

  Regex parse() {
    Regex out = alternatives(true);
    if (!at_end()) fail("has a ')' without a '('");
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    const std::string_view shown = pattern_.substr(0, 200);
    throw ModelError(fmt::format("[grammar] the pattern \"{}\" {}, at byte {}", shown, what, at_));
  }

  bool at_end() const { return at_ == pattern_.size(); }
  bool next_is(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  bool take(std::string_view text) {
    if (!next_is(text)) return false;
    at_ += text.size();
    return true;
  }
  char32_t take_character(const char* missing) {
    if (at_end()) fail(missing);
    return next_code_point(pattern_, at_);
  }

  Regex alternatives(bool outermost) {
    if (++depth_ > maximum_depth) fail("has groups nested too deeply");
    Regex out{.kind = Regex::Kind::alternatives};
    do {
      out.parts.push_back(outermost ? anchored_sequence() : sequence());
    } while (take("|"));
    --depth_;
    return out.parts.size() == 1 ? Regex(out.parts[0]) : out;
  }

  Regex anchored_sequence() {
    const bool from_start = take("^") || anchoring_ == Anchoring::implied;
    Regex out = sequence();
    const bool to_end = take("$") || anchoring_ == Anchoring::implied;
    if (!from_start) out.parts.insert(out.parts.begin(), anything());
    if (!to_end) out.parts.push_back(anything());
    return out;
  }

  Regex sequence() {
    Regex out;
    while (!at_end() && !next_is("|") && !next_is(")")) {
      if (next_is("$")) {
        const std::string_view rest = pattern_.substr(at_ + 1);
        if (depth_ == 1 && (rest.empty() || rest[0] == '|')) break;
      }
      out.parts.push_back(repeated(atom()));
    }
    return out;
  }

  Regex atom() {
    const size_t begin = at_;
    const char32_t c = take_character("is empty");
    switch (c) {
      case '.':
        return character(line_ends.complement());
      case '[':
        return character(bracket_class());
      case '\\':
        return character(escape(false));
      case '(':
        return group();
      case '*':
      case '+':
      case '?':
        at_ = begin;
        fail("has a repetition without anything to repeat");
      case '^':
      case '$':
        at_ = begin;
        fail("has ^ or $ elsewhere than at its ends, which is not supported");
      case '{':
        if (!at_end() && pattern_[at_] >= '0' && pattern_[at_] <= '9') {
          at_ = begin;
          fail("has a repetition without anything to repeat");
        }
        [[fallthrough]];
      default:
        return character({{c, c}});
    }
  }

  Regex group() {
    if (take("?")) {
      if (take("<") && !next_is("=") && !next_is("!")) {
        while (!take(">")) take_character("has a group whose name does not end");
      } else if (!take(":")) {
        fail("has a look-around or a flag, which are not supported");
      }
    }
    Regex out = alternatives(false);
    if (!take(")")) fail("has a '(' without a ')'");
    return out;
  }

  Regex repeated(Regex part) {
    uint32_t minimum, maximum;
    if (take("*")) {
      minimum = 0, maximum = Node::unbounded;
    } else if (take("+")) {
      minimum = 1, maximum = Node::unbounded;
    } else if (take("?")) {
      minimum = 0, maximum = 1;
    } else if (!counts(minimum, maximum)) {
      return part;
    }
    take("?");
    if (!at_end() && (next_is("*") || next_is("+") || next_is("?"))) {
      fail("repeats a repetition");
    }
    return repeat(std::move(part), minimum, maximum);
  }

  /// {m}, {m,} or {m,n}; anything else is ordinary text.
  bool counts(uint32_t& minimum, uint32_t& maximum) {
    const size_t begin = at_;
    if (!take("{")) return false;
    if (!number(minimum)) {
      at_ = begin;
      return false;
    }
    maximum = minimum;
    if (take(",") && !number(maximum)) maximum = Node::unbounded;
    if (!take("}")) {
      at_ = begin;
      fail("has a '{' that is neither a repetition nor escaped");
    }
    if (minimum > maximum) fail(fmt::format("repeats {} to {} times", minimum, maximum));
    return true;
  }

  bool number(uint32_t& value) {
    const size_t begin = at_;
    value = 0;
    for (; !at_end() && pattern_[at_] >= '0' && pattern_[at_] <= '9'; ++at_) {
      value = value * 10 + uint32_t(pattern_[at_] - '0');
      if (value > maximum_count) fail(fmt::format("repeats more than {} times", maximum_count));
    }
    return at_ > begin;
  }

  /// What stands after a backslash.
  CharacterSet escape(bool in_class) {
    const char32_t c = take_character("ends with a backslash");
    switch (c) {
      case 'd':
        return digits;
      case 'D':
        return digits.complement();
      case 'w':
        return word_characters;
      case 'W':
        return word_characters.complement();
      case 's':
        return white_space;
      case 'S':
        return white_space.complement();
      case 'b':
        if (in_class) return {{8, 8}};
        break;
      case 't':
        return {{'\t', '\t'}};
      case 'n':
        return {{'\n', '\n'}};
      case 'v':
        return {{11, 11}};
      case 'f':
        return {{12, 12}};
      case 'r':
        return {{'\r', '\r'}};
      case '0':
        if (at_end() || pattern_[at_] < '0' || pattern_[at_] > '9') return {{0, 0}};
        break;
      case 'x':
        return single(hexadecimal(2));
      case 'u':
        return single(unicode_escape());
      default:
        break;
    }
    const bool is_letter_or_digit = c < 0x80 && word_characters.contains(c) && c != '_';
    if (is_letter_or_digit) {
      fail(fmt::format("has the escape \\{}, which is not supported", char(c)));
    }
    return {{c, c}};
  }

  CharacterSet single(char32_t c) const {
    CharacterSet set = {{c, c}};
    if (set.empty()) fail("has an escape that is not a character of Unicode");
    return set;
  }

  char32_t hexadecimal(int count) {
    char32_t value = 0;
    for (int i = 0; i < count; ++i) value = value * 16 + digit();
    return value;
  }

  char32_t digit() {
    const char32_t c = take_character("ends within an escape");
    if (c >= '0' && c <= '9') return c - '0';
    const char32_t lower = c | 0x20;
    if (lower < 'a' || lower > 'f') fail("has an escape with a wrong hexadecimal digit");
    return lower - 'a' + 10;
  }

  char32_t unicode_escape() {
    if (take("{")) {
      char32_t value = 0;
      do {
        value = value * 16 + digit();
        if (value > 0x10FFFF) fail("has an escape beyond Unicode");
      } while (!take("}"));
      return value;
    }
    const char32_t unit = hexadecimal(4);
    if (unit < 0xD800 || unit > 0xDBFF) return unit;
    if (!take("\\u")) fail("has half of a surrogate pair");
    const char32_t low = hexadecimal(4);
    if (low < 0xDC00 || low > 0xDFFF) fail("has half of a surrogate pair");
    return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
  }

  /// One member of a class: a character, or a set such as \d.
  CharacterSet class_member() {
    if (take("\\")) return escape(true);
    const char32_t c = take_character("has a '[' without a ']'");
    return {{c, c}};
  }

  CharacterSet bracket_class() {
    const bool negated = take("^");
    CharacterSet set;
    while (!take("]")) {
      const CharacterSet first = class_member();
      if (next_is("-") && !next_is("-]")) {
        ++at_;
        const CharacterSet last = class_member();
        const bool are_characters = is_single(first) && is_single(last);
        const char32_t begin = first.ranges()[0].first, end = last.ranges()[0].last;
        if (!are_characters || begin > end) fail("has a range in a class that is none");
        set.add(begin, end);
      } else {
        set.add(first);
      }
    }
    if (negated) set = set.complement();
    if (set.empty()) fail("has a class without any character");
    return set;
  }

  static bool is_single(const CharacterSet& set) {
    return set.ranges().size() == 1 && set.ranges()[0].first == set.ranges()[0].last;
  }

  std::string_view pattern_;
  Anchoring anchoring_;
  size_t at_ = 0;
  int depth_ = 0;
};

uint32_t clamp(uint64_t value) { return uint32_t(std::min<uint64_t>(value, Node::unbounded)); }

}  // namespace

Regex parse_regex(std::string_view pattern, Anchoring anchoring) {
  return Parser(pattern, anchoring).parse();
}

RegexLength length_of(const Regex& regex) {
  switch (regex.kind) {
    case Regex::Kind::character:
      return {1, 1};
    case Regex::Kind::sequence: {
      uint64_t minimum = 0, maximum = 0;
      for (const Regex& part : regex.parts) {
        const RegexLength length = length_of(part);
        minimum += length.minimum;
        maximum += length.maximum;
      }
      return {clamp(minimum), clamp(maximum)};
    }
    case Regex::Kind::alternatives: {
      RegexLength out = length_of(regex.parts[0]);
      for (const Regex& part : regex.parts) {
        const RegexLength length = length_of(part);
        out = {std::min(out.minimum, length.minimum), std::max(out.maximum, length.maximum)};
      }
      return out;
    }
    case Regex::Kind::repeat:
      break;
  }
  const RegexLength length = length_of(regex.parts[0]);
  return {clamp(uint64_t{length.minimum} * regex.minimum),
          clamp(uint64_t{length.maximum} * regex.maximum)};
}

}  // namespace quern::models::structured
