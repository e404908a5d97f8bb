#include "models/tokenizer/pattern.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/regex.h"

namespace quern::models {

namespace {

class Literal : public Pattern {
 public:
  explicit Literal(std::string text) : text_(std::move(text)) {}

  void find_all(std::string_view text, std::vector<Span>& spans) const override {
    spans.clear();
    size_t end = 0;
    size_t found;
    while ((found = text.find(text_, end)) != text.npos) {
      if (found > end) spans.push_back({end, found, false});
      end = found + text_.size();
      spans.push_back({found, end, true});
    }
    if (end < text.size()) spans.push_back({end, text.size(), false});
  }

 private:
  std::string text_;
};

}  // namespace

std::unique_ptr<Pattern> make_pattern(const nlohmann::json& pattern, std::string_view where) {
  if (find_field(pattern, "Regex", where)) {
    return std::make_unique<Regex>(string_field(pattern, "Regex", where));
  }
  std::string text = string_field(pattern, "String", where);
  if (text.empty()) throw FormatError(fmt::format("{} looks for an empty string", where));
  return std::make_unique<Literal>(std::move(text));
}

std::string replace_all(const Pattern& pattern, std::string_view text, std::string_view content) {
  std::vector<Span> spans;
  pattern.find_all(text, spans);
  std::string out;
  out.reserve(text.size());
  for (const Span& span : spans) {
    out += span.is_match ? content : text.substr(span.begin, span.end - span.begin);
  }
  return out;
}

}  // namespace quern::models
