#include <algorithm>

#include "models/prompt/jinja/filters.h"
#include "models/prompt/jinja/methods.h"
#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/percent_format.h"
#include "models/prompt/jinja/python_text.h"
#include "models/prompt/jinja/runtime.h"
#include "models/prompt/jinja/text.h"

namespace quern::models::jinja {
namespace {

template <std::string (*convert)(std::string_view)>
Value converted(Runtime&, const Value& subject, const Arguments& arguments) {
  Bound("filter", arguments, {});
  return convert(to_text(subject));
}

std::string same(std::string_view text) { return std::string(text); }

/// Every word capitalized; unlike str.title, only white space and brackets begin a word.
std::string title(std::string_view text) {
  std::string out;
  bool begins = true;
  for (const std::string_view c : text::characters(text)) {
    out += begins ? text::upper(c) : text::lower(c);
    begins = std::string_view("-({[<").find(c) != std::string_view::npos ||
             text::is_space(text::code_point_at(c, 0).value);
  }
  return out;
}

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Value trim(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("trim", arguments, {"chars"});
  const std::string string = to_text(subject);
  if (!bound.has(0) || bound.at(0).is_none()) return text::strip(string);
  return text::strip(string, bound.string_at(0), true, true);
}

Value center(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("center", arguments, {"width"});
  return find_method(Kind::string, "center")(runtime, to_text(subject),
                                             {{bound.integer_or(0, 80)}, {}});
}

Value replace(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"});
  const Value count = bound.integer_or(2, -1);
  return find_method(Kind::string, "replace")(
      runtime, to_text(subject), {{to_text(bound.at(0)), to_text(bound.at(1)), count}, {}});
}

Value format(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty()) {
    throw Failure("format(): can't handle positional and keyword arguments at the same time");
  }
  if (arguments.named.empty()) {
    return percent_format(runtime, to_text(subject), runtime.make_tuple(arguments.positional));
  }
  Dict* named = runtime.make<Dict>();
  for (const auto& [key, value] : arguments.named) named->set(key, value);
  return percent_format(runtime, to_text(subject), named);
}

Value indent(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("indent", arguments, {"width", "first", "blank"});
  std::string indention;
  if (bound.has(0) && bound.at(0).is_string()) {
    indention = bound.string_at(0);
  } else {
    const auto width = static_cast<size_t>(std::max<int64_t>(bound.integer_or(0, 4), 0));
    runtime.reserve_bytes(width);
    indention.assign(width, ' ');
  }
  const bool first = bound.truth_or(1, false), blank = bound.truth_or(2, false);
  subject.require_defined();
  if (!subject.is_string())
    throw Failure("indent(): a string is required, not {}", subject.type_name());
  // The added line break keeps the empty line behind a last one.
  const std::string string = subject.string() + "\n";
  const auto lines = text::split_lines(string, false);
  runtime.reserve_bytes(indention.size() + 1, lines.size());
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    if (i == 0 ? first : blank || !lines[i].empty()) out += indention;
    out += lines[i];
  }
  return out;
}

Value truncate(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("truncate", arguments, {"length", "killwords", "end", "leeway"});
  const int64_t length = bound.integer_or(0, 255), leeway = bound.integer_or(3, 5);
  const std::string end = bound.has(2) ? bound.string_at(2) : "...";
  const auto end_length = static_cast<int64_t>(text::length(end)), size = jinja::length(subject);
  if (length < end_length) throw Failure("truncate(): the length is less than that of the end");
  if (leeway < 0) throw Failure("truncate(): the leeway is negative");
  if (size <= length || size - length <= leeway) return subject;
  if (!subject.is_string())
    throw Failure("truncate(): a string is required, not {}", subject.type_name());
  std::string_view kept =
      text::substring(subject.string(), 0, static_cast<size_t>(length - end_length));
  if (!bound.truth_or(1, false)) kept = kept.substr(0, kept.rfind(' '));
  return std::string(kept) + end;
}

Value wordcount(Runtime&, const Value& subject, const Arguments& arguments) {
  Bound("wordcount", arguments, {});
  int64_t words = 0;
  bool inside = false;
  const std::string string = to_text(subject);
  for (const std::string_view c : text::characters(string)) {
    const bool is_word = text::is_word(text::code_point_at(c, 0).value);
    words += is_word && !inside ? 1 : 0;
    inside = is_word;
  }
  return words;
}

std::string quote(std::string_view text, bool keep_slash) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("_.-~").find(c) != std::string_view::npos;
    if (plain || (keep_slash && c == '/')) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += "0123456789ABCDEF"[byte >> 4];
      out += "0123456789ABCDEF"[byte & 15];
    }
  }
  return out;
}

Value urlencode(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  Bound("urlencode", arguments, {});
  const bool pairs = subject.dict() || subject.sequence() || subject.kind() == Kind::dict_view;
  if (!pairs) return quote(to_text(subject), true);
  Dict* fields = runtime.make<Dict>();
  update_dict(runtime, *fields, subject);
  std::string out;
  for (const auto& [key, value] : fields->entries()) {
    if (!out.empty()) out += '&';
    out += text::replace(quote(to_text(key), false), "%20", "+", -1) + '=' +
           text::replace(quote(to_text(value), false), "%20", "+", -1);
  }
  return out;
}

}  // namespace

const Filters& text_filters() {
  static const Filters filters{
      {"capitalize", converted<text::capitalize>},
      {"center", center},
      {"e", converted<escape>},
      {"escape", converted<escape>},
      {"forceescape", converted<escape>},
      {"format", format},
      {"indent", indent},
      {"lower", converted<text::lower>},
      {"replace", replace},
      {"safe", converted<same>},
      {"string", converted<same>},
      {"title", converted<title>},
      {"trim", trim},
      {"truncate", truncate},
      {"upper", converted<text::upper>},
      {"urlencode", urlencode},
      {"wordcount", wordcount},
  };
  return filters;
}

}  // namespace quern::models::jinja
