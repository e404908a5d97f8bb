#include "models/prompt/jinja/brace_format.h"

#include <algorithm>

#include "models/prompt/jinja/number_format.h"
#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/python_text.h"
#include "models/prompt/jinja/runtime.h"

namespace quern::models::jinja {
namespace {

class BraceFormat {
 public:
  BraceFormat(Runtime& runtime, const Arguments& arguments)
      : runtime_(runtime), arguments_(arguments) {}

  std::string run(std::string_view pattern, int nesting) {
    if (nesting > 2) throw Failure("Max string recursion exceeded");
    std::string out;
    for (size_t i = 0; i < pattern.size(); ++i) {
      const char c = pattern[i];
      const bool doubled = i + 1 < pattern.size() && pattern[i + 1] == c;
      if ((c == '{' || c == '}') && doubled) {
        out += c;
        ++i;
      } else if (c == '}') {
        throw Failure("Single '}' encountered in format string");
      } else if (c == '{') {
        const size_t end = closing(pattern, i + 1);
        out += field(pattern.substr(i + 1, end - i - 1), nesting);
        Runtime::check_bytes(out.size());
        i = end;
      } else {
        out += c;
      }
    }
    return out;
  }

 private:
  static size_t closing(std::string_view pattern, size_t i) {
    for (int open = 1; i < pattern.size(); ++i) {
      if (pattern[i] == '{') ++open;
      if (pattern[i] == '}' && --open == 0) return i;
    }
    throw Failure("Single '{' encountered in format string");
  }

  std::string field(std::string_view source, int nesting) {
    const size_t end = std::min(source.find_first_of("!:"), source.size());
    Value value = lookup(source.substr(0, end));
    source.remove_prefix(end);
    if (!source.empty() && source[0] == '!') {
      if (source.size() < 2) throw Failure("end of format while looking for conversion specifier");
      const char how = source[1];
      if (how != 's' && how != 'r' && how != 'a') throw Failure("unknown conversion specifier");
      value = how == 's' ? Value(to_text(value)) : Value(repr(value));
      source.remove_prefix(2);
      if (!source.empty() && source[0] != ':')
        throw Failure("expected ':' after conversion specifier");
    }
    const std::string specification =
        run(source.substr(std::min<size_t>(1, source.size())), nesting + 1);
    return format_value(runtime_, value, FormatSpecification::parse(specification));
  }

  Value lookup(std::string_view path) {
    const size_t end = std::min(path.find_first_of(".["), path.size());
    Value value = base(path.substr(0, end));
    path.remove_prefix(end);
    while (!path.empty()) {
      const bool item = path[0] == '[';
      path.remove_prefix(1);
      const size_t stop = item ? path.find(']') : std::min(path.find_first_of(".["), path.size());
      if (stop == path.npos) throw Failure("Missing ']' in format string");
      const std::string_view name = path.substr(0, stop);
      value =
          item ? get_item(runtime_, value, key(name)) : get_plain_attribute(runtime_, value, name);
      value.require_defined();
      path.remove_prefix(stop + (item ? 1 : 0));
      if (item && !path.empty() && path[0] != '.' && path[0] != '[') {
        throw Failure("Only '.' or '[' may follow ']' in format field specifier");
      }
    }
    return value;
  }

  static bool is_number(std::string_view name) {
    return !name.empty() && name.size() < 10 && name.find_first_not_of("0123456789") == name.npos;
  }
  static Value key(std::string_view name) {
    return is_number(name) ? Value(int64_t{std::stoi(std::string(name))}) : Value(name);
  }

  Value base(std::string_view name) {
    if (name.empty() || is_number(name)) {
      const size_t index =
          name.empty() ? next_++ : static_cast<size_t>(std::stoi(std::string(name)));
      if (index >= arguments_.positional.size()) {
        throw Failure("Replacement index {} out of range", index);
      }
      return arguments_.positional[index];
    }
    for (const auto& [key, value] : arguments_.named) {
      if (key == name) return value;
    }
    throw Failure("format() got no argument '{}'", name);
  }

  Runtime& runtime_;
  const Arguments& arguments_;
  size_t next_ = 0;
};

}  // namespace

std::string brace_format(Runtime& runtime, std::string_view pattern, const Arguments& arguments) {
  return BraceFormat(runtime, arguments).run(pattern, 0);
}

}  // namespace quern::models::jinja
