#include "models/tokenizer/oniguruma.h"

#include <cctype>
#include <vector>

namespace quern::models {

namespace {

/// General categories and the few other names that PCRE2 has in common with Oniguruma; a longer
/// name is a script or a binary property.
constexpr std::string_view binary_properties[] = {"Any",
                                                  "Alphabetic",
                                                  "Alpha",
                                                  "Lowercase",
                                                  "Uppercase",
                                                  "Emoji",
                                                  "Ideographic",
                                                  "White_Space",
                                                  "ID_Start",
                                                  "ID_Continue",
                                                  "Extended_Pictographic",
                                                  "Emoji_Presentation",
                                                  "Emoji_Modifier",
                                                  "Emoji_Modifier_Base",
                                                  "Emoji_Component",
                                                  "Variation_Selector",
                                                  "Default_Ignorable_Code_Point"};

constexpr const char* word_members = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";

std::string bracketed(std::string_view negation, std::string_view members) {
  std::string out = "[";
  out += negation;
  out += members;
  return out + "]";
}

bool is_script(std::string_view name) {
  if (name.size() <= 2) return false;
  for (std::string_view property : binary_properties) {
    if (property == name) return false;
  }
  return name.find_first_of("=:") == name.npos;
}

class Translation {
 public:
  explicit Translation(std::string_view pattern) : in_(pattern) {}

  std::string run() {
    while (!at_end()) next_item();
    return std::move(out_);
  }

 private:
  bool at_end() const { return position_ >= in_.size(); }
  char here() const { return in_[position_]; }
  bool follows(std::string_view text) const { return in_.substr(position_, text.size()) == text; }

  void next_item() {
    size_t start = out_.size();
    switch (here()) {
      case '\\':
        out_ += escape(false);
        break;
      case '[':
        out_ += character_class();
        break;
      case '(':
        groups_.push_back(start);
        open_group();
        return;
      case ')':
        if (!groups_.empty()) {
          start = groups_.back();
          groups_.pop_back();
        }
        out_ += in_[position_++];
        break;
      case '{':
        if (interval()) return;
        [[fallthrough]];
      default:
        bool quantifier = std::string_view("*+?|^$").find(here()) != std::string_view::npos;
        do {
          out_ += in_[position_++];
        } while (!at_end() && (here() & 0xC0) == 0x80);
        if (quantifier) return;
    }
    last_atom_ = start;
  }

  /// Copies "(", "(?:", "(?<name>", "(?i)" and the like.
  void open_group() {
    out_ += in_[position_++];
    if (at_end() || here() != '?') return;
    out_ += in_[position_++];
    size_t end = in_.find_first_not_of("imx-", position_);
    if (end == in_.npos || (in_[end] != ':' && in_[end] != ')')) return;
    for (; position_ < end; ++position_) out_ += here() == 'm' ? 's' : here();
  }

  /// {n}, {n,}, {n,m}, {,m}: false when the brace is a character like others.
  bool interval() {
    size_t close = in_.find('}', position_);
    if (close == in_.npos) return false;
    std::string_view bounds = in_.substr(position_ + 1, close - position_ - 1);
    if (bounds.empty() || bounds.find_first_not_of("0123456789,") != bounds.npos) return false;
    if (bounds[0] == ',') {
      out_ += "{0";
      out_ += bounds;
    } else {
      out_ += '{';
      out_ += bounds;
    }
    out_ += '}';
    position_ = close + 1;
    if (!at_end() && here() == '+') {
      out_.insert(last_atom_, "(?:");
      out_ += ')';
    }
    return true;
  }

  /// One escape sequence; `in_class` when it stands between square brackets.
  std::string escape(bool in_class) {
    ++position_;
    if (at_end()) return "\\";
    char letter = in_[position_++];
    switch (letter) {
      case 's':
        return "\\p{White_Space}";
      case 'S':
        return "\\P{White_Space}";
      case 'w':
        return in_class ? word_members : bracketed("", word_members);
      case 'W':
        return bracketed("^", word_members);
      case 'h':
        return "\\p{AHex}";
      case 'H':
        return "\\P{AHex}";
      case 'v':
        return "\\x0B";
      case 'u': {
        std::string code(in_.substr(position_, 4));
        position_ += code.size();
        return "\\x{" + code + "}";
      }
      case 'p':
      case 'P':
        return property(letter);
      default:
        return std::string("\\") + letter;
    }
  }

  std::string property(char letter) {
    size_t close = in_.find('}', position_);
    if (at_end() || here() != '{' || close == in_.npos) return std::string("\\") + letter;
    std::string_view name = in_.substr(position_ + 1, close - position_ - 1);
    position_ = close + 1;
    std::string out = std::string("\\") + letter + "{";
    if (!name.empty() && name[0] == '^') {
      out += '^';
      name.remove_prefix(1);
    }
    if (is_script(name)) out += "sc:";
    out += name;
    return out + "}";
  }

  /// One bracketed class as an expression that matches one character. A class without inner classes
  /// stays a class; a union becomes an alternative and an intersection a look-ahead.
  std::string character_class() {
    ++position_;
    bool negated = !at_end() && here() == '^';
    if (negated) ++position_;
    std::vector<std::string> operands;
    std::string members;
    std::vector<std::string> inner;
    auto finish_operand = [&] {
      std::string operand = members.empty() ? "" : bracketed("", members);
      for (const std::string& one : inner) operand += (operand.empty() ? "" : "|") + one;
      operands.push_back(inner.empty() ? operand : "(?:" + operand + ")");
      members.clear();
      inner.clear();
    };
    bool first = true;
    for (; !at_end() && (first || here() != ']'); first = false) {
      if (follows("[:") && in_.find(":]", position_) != in_.npos) {
        size_t close = in_.find(":]", position_) + 2;
        members += in_.substr(position_, close - position_);
        position_ = close;
      } else if (here() == '[') {
        inner.push_back(character_class());
      } else if (follows("&&")) {
        position_ += 2;
        finish_operand();
      } else if (follows("\\W")) {  // PCRE2 has no member that means it
        inner.push_back(escape(true));
      } else if (here() == '\\') {
        members += escape(true);
      } else {
        members += in_[position_++];
      }
    }
    if (at_end()) return "[" + members;  // unclosed: PCRE2 says so
    ++position_;
    bool simple = operands.empty() && inner.empty();
    if (simple) return bracketed(negated ? "^" : "", members);
    finish_operand();
    std::string all;
    for (size_t i = 0; i + 1 < operands.size(); ++i) all += "(?=" + operands[i] + ")";
    all += operands.back();
    return negated ? "(?:(?!" + all + ")(?s:.))" : "(?:" + all + ")";
  }

  std::string_view in_;
  std::string out_;
  size_t position_ = 0;
  size_t last_atom_ = 0;        // where in out_ the last repeatable item begins
  std::vector<size_t> groups_;  // where in out_ the open groups begin
};

}  // namespace

std::string pcre2_pattern(std::string_view pattern) { return Translation(pattern).run(); }

}  // namespace quern::models
