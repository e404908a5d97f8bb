#include <algorithm>
#include <map>
#include <optional>

#include "models/prompt/jinja/brace_format.h"
#include "models/prompt/jinja/methods.h"
#include "models/prompt/jinja/objects.h"
#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/runtime.h"
#include "models/prompt/jinja/text.h"

namespace quern::models::jinja {
namespace {

Value pieces_list(Runtime& runtime, const std::vector<std::string_view>& pieces) {
  return runtime.make_list({pieces.begin(), pieces.end()});
}

template <std::string (*convert)(std::string_view)>
Value converted(Runtime&, const Value& self, const Arguments& arguments) {
  Bound("str method", arguments, {});
  return convert(self.string());
}

template <bool left, bool right>
Value strip(Runtime&, const Value& self, const Arguments& arguments) {
  const Bound bound("strip", arguments, {"chars"});
  if (!bound.has(0) || bound.at(0).is_none()) return text::strip(self.string(), left, right);
  return text::strip(self.string(), bound.string_at(0), left, right);
}

template <bool from_right>
Value split(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("split", arguments, {"sep", "maxsplit"});
  const int64_t maximum = bound.integer_or(1, -1);
  if (!bound.has(0) || bound.at(0).is_none()) {
    return pieces_list(runtime, text::split_whitespace(self.string(), maximum, from_right));
  }
  if (bound.string_at(0).empty()) throw Failure("empty separator");
  return pieces_list(runtime, text::split(self.string(), bound.string_at(0), maximum, from_right));
}

Value splitlines(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("splitlines", arguments, {"keepends"});
  return pieces_list(runtime, text::split_lines(self.string(), bound.truth_or(0, false)));
}

template <bool from_right>
Value partition(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("partition", arguments, {"sep"});
  const std::string& separator = bound.string_at(0);
  if (separator.empty()) throw Failure("empty separator");
  const std::string_view all = self.string();
  const size_t at = from_right ? text::find_last(all, separator) : text::find(all, separator);
  if (at == all.npos) {
    return from_right ? runtime.make_tuple({"", "", self}) : runtime.make_tuple({self, "", ""});
  }
  return runtime.make_tuple({all.substr(0, at), separator, all.substr(at + separator.size())});
}

Value replace(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"});
  const std::string &old = bound.string_at(0), &replacement = bound.string_at(1);
  const int64_t maximum = bound.integer_or(2, -1);
  if (replacement.size() > old.size()) {
    runtime.reserve_bytes(replacement.size() - old.size(), text::count(self.string(), old));
  }
  return text::replace(self.string(), old, replacement, maximum);
}

/// The part of a string that find, count, startswith and endswith look at, by their optional
/// bounds.
struct Window {
  std::string_view text;
  int64_t start;  ///< in code points
  bool inside;    ///< false when the window begins behind its end
};

Window window_of(const std::string& string, const Bound& bound) {
  const auto size = static_cast<int64_t>(text::length(string));
  const auto limit = [&](int64_t position) {
    return std::clamp<int64_t>(position < 0 ? position + size : position, 0, size);
  };
  const int64_t asked = bound.integer_or(1, 0);
  const int64_t start = limit(asked), stop = limit(bound.integer_or(2, size));
  const auto count = static_cast<size_t>(std::max<int64_t>(stop - start, 0));
  return {text::substring(string, static_cast<size_t>(start), count), start,
          asked <= size && start <= stop};
}

template <bool from_right>
int64_t find_position(const Value& self, const Arguments& arguments) {
  const Bound bound("find", arguments, {"sub", "start", "end"});
  const Window window = window_of(self.string(), bound);
  if (!window.inside) return -1;
  const std::string& part = bound.string_at(0);
  const size_t at = from_right ? text::find_last(window.text, part) : text::find(window.text, part);
  if (at == window.text.npos) return -1;
  return window.start + static_cast<int64_t>(text::length(window.text.substr(0, at)));
}

template <bool from_right>
Value find(Runtime&, const Value& self, const Arguments& arguments) {
  return find_position<from_right>(self, arguments);
}

template <bool from_right>
Value index(Runtime&, const Value& self, const Arguments& arguments) {
  const int64_t position = find_position<from_right>(self, arguments);
  if (position < 0) throw Failure("substring not found");
  return position;
}

Value count(Runtime&, const Value& self, const Arguments& arguments) {
  const Bound bound("count", arguments, {"sub", "start", "end"});
  const Window window = window_of(self.string(), bound);
  if (!window.inside) return 0;
  return static_cast<int64_t>(text::count(window.text, bound.string_at(0)));
}

template <bool at_end>
Value has_affix(Runtime&, const Value& self, const Arguments& arguments) {
  const Bound bound(at_end ? "endswith" : "startswith", arguments, {"affix", "start", "end"});
  const Window window = window_of(self.string(), bound);
  const auto matches = [&](const std::string& affix) {
    return window.inside &&
           (at_end ? window.text.ends_with(affix) : window.text.starts_with(affix));
  };
  const Tuple* several = bound.at(0).tuple();
  if (!several) return matches(bound.string_at(0));
  return std::any_of(several->items.begin(), several->items.end(), [&](const Value& affix) {
    if (!affix.is_string()) throw Failure("tuple for startswith or endswith must only contain str");
    return matches(affix.string());
  });
}

template <bool at_end>
Value remove_affix(Runtime&, const Value& self, const Arguments& arguments) {
  const Bound bound(at_end ? "removesuffix" : "removeprefix", arguments, {"affix"});
  const std::string& affix = bound.string_at(0);
  std::string_view rest = self.string();
  if (at_end && rest.ends_with(affix)) rest.remove_suffix(affix.size());
  if (!at_end && rest.starts_with(affix)) rest.remove_prefix(affix.size());
  return rest;
}

/// Whether every code point passes and there is one.
template <bool (*passes)(uint32_t)>
Value all_are(Runtime&, const Value& self, const Arguments& arguments) {
  Bound("str method", arguments, {});
  const std::string& string = self.string();
  charge(string.size());
  for (size_t i = 0; i < string.size();) {
    const text::CodePoint c = text::code_point_at(string, i);
    if (!c.valid || !passes(c.value)) return false;
    i += c.size;
  }
  return !string.empty();
}

bool is_alphanumeric(uint32_t c) { return text::is_alpha(c) || text::is_numeric(c); }

/// isupper and islower: some letter of the wanted case and none of the other.
template <bool (*wanted)(uint32_t), bool (*unwanted)(uint32_t)>
Value has_case(Runtime&, const Value& self, const Arguments& arguments) {
  Bound("str method", arguments, {});
  bool found = false;
  const std::string& string = self.string();
  charge(string.size());
  for (size_t i = 0; i < string.size();) {
    const text::CodePoint c = text::code_point_at(string, i);
    if (unwanted(c.value)) return false;
    found = found || wanted(c.value);
    i += c.size;
  }
  return found;
}

Value is_ascii(Runtime&, const Value& self, const Arguments& arguments) {
  Bound("isascii", arguments, {});
  return std::all_of(self.string().begin(), self.string().end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Value is_title(Runtime&, const Value& self, const Arguments& arguments) {
  Bound("istitle", arguments, {});
  return text::title(self.string()) == self.string() && text::lower(self.string()) != self.string();
}

enum class Side { left, right, both };

template <Side filled>
Value justify(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("justify", arguments, {"width", "fillchar"});
  bound.at(0);
  const std::string fill = bound.has(1) ? bound.string_at(1) : " ";
  if (text::length(fill) != 1)
    throw Failure("The fill character must be exactly one character long");
  const int64_t width = bound.integer_or(0, 0);
  const int64_t room = width - static_cast<int64_t>(text::length(self.string()));
  if (room <= 0) return self;
  runtime.reserve_bytes(fill.size(), static_cast<size_t>(room));
  Runtime::check_bytes(self.string().size() + fill.size() * static_cast<size_t>(room));
  // Python puts the odd one of str.center on the left when the width is odd.
  int64_t before = room / 2 + (room & width & 1);
  if (filled == Side::left) before = room;
  if (filled == Side::right) before = 0;
  std::string out;
  for (int64_t i = 0; i < before; ++i) out += fill;
  out += self.string();
  for (int64_t i = before; i < room; ++i) out += fill;
  return out;
}

Value zfill(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("zfill", arguments, {"width"});
  bound.at(0);
  const std::string& string = self.string();
  const int64_t room = bound.integer_or(0, 0) - static_cast<int64_t>(text::length(string));
  if (room <= 0) return self;
  runtime.reserve_bytes(static_cast<size_t>(room));
  const size_t sign = !string.empty() && (string[0] == '+' || string[0] == '-') ? 1 : 0;
  return string.substr(0, sign) + std::string(static_cast<size_t>(room), '0') + string.substr(sign);
}

Value join(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("join", arguments, {"iterable"});
  const auto items = iterate(runtime, bound.at(0));
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i].is_string()) {
      throw Failure("join(): item {} is not a string but {}", i, items[i].type_name());
    }
    if (i > 0) out += self.string();
    out += items[i].string();
    runtime.check_bytes(out.size());
  }
  return out;
}

Value format(Runtime& runtime, const Value& self, const Arguments& arguments) {
  return brace_format(runtime, self.string(), arguments);
}

Value expandtabs(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("expandtabs", arguments, {"tabsize"});
  const int64_t size = std::max<int64_t>(bound.integer_or(0, 8), 0);
  std::string out;
  int64_t column = 0;
  for (const char c : self.string()) {
    if (c == '\t') {
      const int64_t spaces = size > 0 ? size - column % size : 0;
      runtime.check_bytes(out.size() + static_cast<size_t>(spaces));
      out.append(static_cast<size_t>(spaces), ' ');
      column += spaces;
    } else {
      out += c;
      const bool continues = (c & 0xC0) == 0x80;
      column = c == '\n' || c == '\r' ? 0 : column + (continues ? 0 : 1);
    }
  }
  return out;
}

}  // namespace

Method find_string_method(std::string_view name) {
  static const std::map<std::string_view, Method> methods{
      {"capitalize", converted<text::capitalize>},
      {"casefold", converted<text::lower>},
      {"center", justify<Side::both>},
      {"count", count},
      {"endswith", has_affix<true>},
      {"expandtabs", expandtabs},
      {"find", find<false>},
      {"format", format},
      {"index", index<false>},
      {"isalnum", all_are<is_alphanumeric>},
      {"isalpha", all_are<text::is_alpha>},
      {"isascii", is_ascii},
      {"isdecimal", all_are<text::is_decimal>},
      {"isdigit", all_are<text::is_digit>},
      {"islower", has_case<text::is_lower, text::is_upper>},
      {"isnumeric", all_are<text::is_numeric>},
      {"isprintable", all_are<text::is_printable>},
      {"isspace", all_are<text::is_space>},
      {"istitle", is_title},
      {"isupper", has_case<text::is_upper, text::is_lower>},
      {"join", join},
      {"ljust", justify<Side::right>},
      {"lower", converted<text::lower>},
      {"lstrip", strip<true, false>},
      {"partition", partition<false>},
      {"removeprefix", remove_affix<false>},
      {"removesuffix", remove_affix<true>},
      {"replace", replace},
      {"rfind", find<true>},
      {"rindex", index<true>},
      {"rjust", justify<Side::left>},
      {"rpartition", partition<true>},
      {"rsplit", split<true>},
      {"rstrip", strip<false, true>},
      {"split", split<false>},
      {"splitlines", splitlines},
      {"startswith", has_affix<false>},
      {"strip", strip<true, true>},
      {"swapcase", converted<text::swap_case>},
      {"title", converted<text::title>},
      {"upper", converted<text::upper>},
      {"zfill", zfill},
  };
  const auto found = methods.find(name);
  return found == methods.end() ? nullptr : found->second;
}

}  // namespace quern::models::jinja
