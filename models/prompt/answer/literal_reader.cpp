#include "models/prompt/answer/literal_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/tokenizer/utf8.h"

namespace quern::models {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::string_view white_space = " \t\r\n";
constexpr size_t maximum_nesting = 200;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

/// How deep brackets lie in one another outside of quotes.
size_t nesting(std::string_view text) {
  size_t depth = 0, deepest = 0;
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_text = !in_text;
    } else if (!in_text && (c == '{' || c == '[')) {
      deepest = std::max(deepest, ++depth);
    } else if (!in_text && (c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

std::string shortened(std::string_view text) {
  return text.size() <= 40 ? std::string(text) : replace_invalid_utf8(text.substr(0, 40)) + "...";
}

}  // namespace

void LiteralReader::skip_white_space() {
  at_ = std::min(text_.find_first_not_of(white_space, at_), text_.size());
}

bool LiteralReader::at_end() {
  skip_white_space();
  return at_ == text_.size();
}

bool LiteralReader::take(std::string_view expected) {
  skip_white_space();
  if (!next_is(expected)) return false;
  at_ += expected.size();
  return true;
}

void LiteralReader::require(std::string_view expected) {
  if (take(expected)) return;
  throw CallError(at_end() ? fmt::format("\"{}\" is missing at its end", expected)
                           : fmt::format("\"{}\" is missing before \"{}\"", expected,
                                         shortened(text_.substr(at_))));
}

std::string LiteralReader::name() {
  skip_white_space();
  const size_t begin = at_;
  while (at_ < text_.size() && is_name_character(text_[at_])) ++at_;
  if (at_ == begin) {
    throw CallError(fmt::format("a name is missing before \"{}\"", shortened(text_.substr(at_))));
  }
  return std::string(text_.substr(begin, at_ - begin));
}

Json LiteralReader::value() {
  if (++depth_ > maximum_depth) throw CallError("it is nested too deeply");
  Json out;
  if (!mark_.empty() && take(mark_)) {
    out = marked();
  } else if (take("[")) {
    out = list("]");
  } else if (style_ == Style::python && take("(")) {
    out = list(")");
  } else if (take("{")) {
    out = object();
  } else if (take("\"")) {
    out = quoted('"');
  } else if (style_ == Style::python && take("'")) {
    out = quoted('\'');
  } else {
    out = word();
  }
  --depth_;
  return out;
}

Json LiteralReader::list(std::string_view end) {
  Json out = Json::array();
  while (!take(end)) {
    out.push_back(value());
    if (!take(",")) {
      require(end);
      break;
    }
  }
  return out;
}

Json LiteralReader::object() {
  Json out = Json::object();
  while (!take("}")) {
    const std::string name = key();
    require(":");
    out[name] = value();
    if (!take(",")) {
      require("}");
      break;
    }
  }
  return out;
}

std::string LiteralReader::key() {
  if (!mark_.empty() && take(mark_)) return marked();
  if (take("\"")) return quoted('"');
  if (style_ == Style::python) {
    require("'");
    return quoted('\'');
  }
  return name();
}

std::string LiteralReader::marked() {
  const size_t end = text_.find(mark_, at_);
  if (end == text_.npos) throw CallError(fmt::format("a text does not end with \"{}\"", mark_));
  std::string out(text_.substr(at_, end - at_));
  at_ = end + mark_.size();
  return out;
}

std::string LiteralReader::quoted(char quote) {
  constexpr std::string_view escapes = "nrtbf0";
  constexpr std::string_view meanings("\n\r\t\b\f\0", 6);
  std::string out;
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == quote) return out;
    if (c != '\\' || at_ == text_.size()) {
      out += c;
      continue;
    }
    const char escape = text_[at_++];
    const size_t known = escapes.find(escape);
    if (escape == 'u' || escape == 'x') {
      const size_t digits = escape == 'u' ? 4 : 2;
      const std::string number(text_.substr(at_, digits));
      if (number.size() != digits ||
          number.find_first_not_of("0123456789abcdefABCDEF") != number.npos) {
        throw CallError("a text has a wrong escape");
      }
      const auto code = char32_t(std::stoul(number, nullptr, 16));
      if (code >= 0xD800 && code <= 0xDFFF) {
        out += replacement_character;
      } else {
        append_utf8(code, out);
      }
      at_ += digits;
    } else {
      out += known != escapes.npos ? meanings[known] : escape;
    }
  }
  throw CallError("a text does not end");
}

Json LiteralReader::word() {
  skip_white_space();
  const size_t begin = at_;
  at_ = std::min(text_.find_first_of(",]})", begin), text_.size());
  const std::string_view word = trimmed(text_.substr(begin, at_ - begin));
  if (word.empty()) throw CallError("a value is missing");
  if (word == "True" || word == "true") return true;
  if (word == "False" || word == "false") return false;
  if (word == "None" || word == "null") return nullptr;
  const Json number = Json::parse(word, nullptr, /*allow_exceptions=*/false);
  if (number.is_number()) return number;
  if (style_ == Style::gemma) return std::string(word);
  throw CallError(fmt::format("\"{}\" is not a value", shortened(word)));
}

size_t json_length(std::string_view text) {
  size_t depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
    if (depth == 0) break;
  }
  throw CallError("its JSON does not end");
}

Json parse_call_json(std::string_view text) {
  if (nesting(text) > maximum_nesting) throw CallError("its JSON is nested too deeply");
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw CallError(fmt::format("it is not JSON: {}", replace_invalid_utf8(error.what())));
  }
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(white_space);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(white_space) + 1 - begin);
}

}  // namespace quern::models
