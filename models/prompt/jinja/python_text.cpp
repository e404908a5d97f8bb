#include "models/prompt/jinja/python_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "models/prompt/jinja/objects.h"
#include "models/prompt/jinja/text.h"
#include "models/prompt/jinja/work.h"

namespace quern::models::jinja {
namespace {

constexpr size_t maximum_repr_bytes = 64 << 20;
constexpr size_t formatting_cost = 64;

void append_repr(std::string& out, const Value& value, int nesting);

void append_quoted(std::string& out, std::string_view string) {
  const bool has_single = string.find('\'') != string.npos;
  const char quote = has_single && string.find('"') == string.npos ? '"' : '\'';
  charge(string.size());
  out += quote;
  for (size_t i = 0; i < string.size();) {
    const text::CodePoint c = text::code_point_at(string, i);
    const std::string_view bytes = string.substr(i, c.size);
    i += c.size;
    if (c.value == static_cast<unsigned char>(quote) || c.value == '\\') {
      out += '\\';
      out += bytes;
    } else if (c.value == '\n') {
      out += "\\n";
    } else if (c.value == '\r') {
      out += "\\r";
    } else if (c.value == '\t') {
      out += "\\t";
    } else if (c.valid && text::is_printable(c.value)) {
      out += bytes;
    } else if (charge(formatting_cost); c.value < 0x100) {
      out += fmt::format("\\x{:02x}", c.value);
    } else if (c.value < 0x10000) {
      out += fmt::format("\\u{:04x}", c.value);
    } else {
      out += fmt::format("\\U{:08x}", c.value);
    }
  }
  out += quote;
}

void append_items(std::string& out, const std::vector<Value>& items, int nesting) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ", ";
    append_repr(out, items[i], nesting + 1);
  }
}

void append_dict(std::string& out, const Dict& dict, int nesting) {
  out += '{';
  for (size_t i = 0; i < dict.size(); ++i) {
    if (i > 0) out += ", ";
    append_repr(out, dict.entries()[i].first, nesting + 1);
    out += ": ";
    append_repr(out, dict.entries()[i].second, nesting + 1);
  }
  out += '}';
}

void append_view(std::string& out, const DictView& view, int nesting) {
  out += view.type_name() + "([";
  bool first = true;
  for (const auto& [key, value] : view.dict->entries()) {
    if (!std::exchange(first, false)) out += ", ";
    if (view.part == DictView::Part::items) out += '(';
    if (view.part != DictView::Part::values) append_repr(out, key, nesting + 1);
    if (view.part == DictView::Part::items) out += ", ";
    if (view.part != DictView::Part::keys) append_repr(out, value, nesting + 1);
    if (view.part == DictView::Part::items) out += ')';
  }
  out += "])";
}

void append_range(std::string& out, const Range& range) {
  out += fmt::format("range({}, {}", range.start, range.stop);
  if (range.step != 1) out += fmt::format(", {}", range.step);
  out += ')';
}

void append_repr(std::string& out, const Value& value, int nesting) {
  if (nesting > maximum_nesting) throw Failure("a value is nested too deeply to be printed");
  if (out.size() > maximum_repr_bytes) throw Failure("a value is too large to be printed");
  charge(8);
  switch (value.kind()) {
    case Kind::undefined:
      out += "Undefined";
      return;
    case Kind::none:
      out += "None";
      return;
    case Kind::boolean:
      out += value.boolean() ? "True" : "False";
      return;
    case Kind::integer:
      out += std::to_string(value.integer());
      return;
    case Kind::floating:
      out += float_text(value.number());
      return;
    case Kind::string:
      append_quoted(out, value.string());
      return;
    case Kind::list:
      out += '[';
      append_items(out, value.list()->items, nesting);
      out += ']';
      return;
    case Kind::tuple:
      out += '(';
      append_items(out, value.tuple()->items, nesting);
      out += value.tuple()->items.size() == 1 ? ",)" : ")";
      return;
    case Kind::dict:
      append_dict(out, *value.dict(), nesting);
      return;
    case Kind::dict_view:
      append_view(out, *static_cast<DictView*>(value.object()), nesting);
      return;
    case Kind::range:
      append_range(out, *static_cast<Range*>(value.object()));
      return;
    case Kind::name_space:
      out += "<Namespace ";
      append_dict(out, *static_cast<Namespace*>(value.object())->attributes, nesting);
      out += '>';
      return;
    case Kind::iterator:
    case Kind::callable:
    case Kind::opaque:
      out += fmt::format("<{}>", value.type_name());
      return;
  }
}

}  // namespace

std::string float_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
  const std::string_view written(buffer, static_cast<size_t>(end.ptr - buffer));
  const size_t e = written.find('e');
  const int exponent = std::stoi(std::string(written.substr(e + 1)));
  if (exponent < -4 || exponent >= 16) return std::string(written);

  std::string digits;
  for (const char c : written.substr(0, e)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  const char* sign = std::signbit(number) ? "-" : "";
  if (exponent < 0) return fmt::format("{}0.{:0>{}}{}", sign, "", -exponent - 1, digits);
  const size_t whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() < whole + 1) digits.append(whole + 1 - digits.size(), '0');
  return fmt::format("{}{}.{}", sign, digits.substr(0, whole), digits.substr(whole));
}

std::string repr(const Value& value) {
  std::string out;
  append_repr(out, value, 0);
  return out;
}

std::string to_text(const Value& value) {
  if (value.is_string()) {
    charge(value.string().size());
    return value.string();
  }
  return value.is_undefined() ? std::string() : repr(value);
}

}  // namespace quern::models::jinja
