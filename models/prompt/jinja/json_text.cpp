#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/prompt/jinja/objects.h"
#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/python_text.h"
#include "models/prompt/jinja/text.h"
#include "models/prompt/jinja/work.h"

namespace quern::models::jinja {
namespace {

constexpr size_t maximum_json_bytes = 64 << 20;
constexpr size_t formatting_cost = 64;

std::string json_number(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  return float_text(number);
}

/// Writes one value after another into `out`.
class JsonWriter {
 public:
  JsonWriter(std::string& out, const JsonStyle& style) : out_(out), style_(style) {}

  void write(const Value& value) {
    if (level_ > maximum_nesting) throw Failure("tojson: the value is nested too deeply");
    if (out_.size() > maximum_json_bytes) throw Failure("tojson: the value is too large");
    charge(8);
    switch (value.kind()) {
      case Kind::none:
        out_ += "null";
        return;
      case Kind::boolean:
        out_ += value.boolean() ? "true" : "false";
        return;
      case Kind::integer:
        out_ += std::to_string(value.integer());
        return;
      case Kind::floating:
        out_ += json_number(value.number());
        return;
      case Kind::string:
        write_string(value.string());
        return;
      case Kind::list:
      case Kind::tuple:
        write_list(*value.sequence());
        return;
      case Kind::dict:
        write_dict(*value.dict());
        return;
      default:
        throw Failure("Object of type {} is not JSON serializable", value.type_name());
    }
  }

 private:
  void write_string(std::string_view string) {
    charge(string.size());
    out_ += '"';
    for (size_t i = 0; i < string.size();) {
      const text::CodePoint c = text::code_point_at(string, i);
      write_character(c, string.substr(i, c.size));
      i += c.size;
    }
    out_ += '"';
  }

  void write_character(const text::CodePoint& c, std::string_view bytes) {
    constexpr std::string_view escaped = "\"\\\n\r\t\b\f";
    constexpr std::string_view letters = "\"\\nrtbf";
    const size_t at = bytes.size() == 1 ? escaped.find(bytes[0]) : escaped.npos;
    if (at != escaped.npos) {
      out_ += '\\';
      out_ += letters[at];
    } else if (c.value < 0x20 || (style_.ascii && c.value >= 0x7F && c.value < 0x10000)) {
      charge(formatting_cost);
      out_ += fmt::format("\\u{:04x}", c.value);
    } else if (style_.ascii && c.value >= 0x10000) {
      charge(formatting_cost);
      const uint32_t rest = c.value - 0x10000;
      out_ += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
    } else {
      out_ += bytes;
    }
  }

  void begin_line() {
    if (!style_.multi_line) return;
    out_ += '\n';
    for (int i = 0; i < level_; ++i) out_ += style_.indent;
  }

  void begin_item(bool first) {
    if (!first) out_ += style_.item_separator;
    begin_line();
  }

  void write_list(const std::vector<Value>& items) {
    if (items.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    ++level_;
    for (size_t i = 0; i < items.size(); ++i) {
      begin_item(i == 0);
      write(items[i]);
    }
    --level_;
    begin_line();
    out_ += ']';
  }

  void write_dict(const Dict& dict) {
    if (dict.size() == 0) {
      out_ += "{}";
      return;
    }
    auto entries = dict.entries();
    if (style_.sort_keys) {
      std::stable_sort(entries.begin(), entries.end(),
                       [](const auto& a, const auto& b) { return less(a.first, b.first); });
    }
    out_ += '{';
    ++level_;
    for (size_t i = 0; i < entries.size(); ++i) {
      begin_item(i == 0);
      write_key(entries[i].first);
      out_ += style_.key_separator;
      write(entries[i].second);
    }
    --level_;
    begin_line();
    out_ += '}';
  }

  void write_key(const Value& key) {
    switch (key.kind()) {
      case Kind::string:
        write_string(key.string());
        return;
      case Kind::none:
      case Kind::boolean:
      case Kind::integer:
      case Kind::floating:
        out_ += '"';
        write(key);
        out_ += '"';
        return;
      default:
        throw Failure("tojson: a key cannot be of type {}", key.type_name());
    }
  }

  std::string& out_;
  const JsonStyle& style_;
  int level_ = 0;
};

}  // namespace

std::string json_text(const Value& value, const JsonStyle& style) {
  std::string out;
  JsonWriter(out, style).write(value);
  return out;
}

}  // namespace quern::models::jinja
