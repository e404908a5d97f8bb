#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

/// A part of a text, and whether a pattern matched it.
struct Span {
  size_t begin;
  size_t end;
  bool is_match;
};

/// What a normalizer, pre-tokenizer or decoder looks for. Immutable; any thread may search with it.
class Pattern {
 public:
  virtual ~Pattern() = default;

  /// Replaces `spans` by the matches from left to right and the stretches between them, which
  /// together cover the text. Text must be valid UTF-8.
  virtual void find_all(std::string_view text, std::vector<Span>& spans) const = 0;
};

/// {"String": "..."} or {"Regex": "..."}, the form that tokenizer.json has. Throws FormatError.
std::unique_ptr<Pattern> make_pattern(const nlohmann::json& pattern, std::string_view where);

/// `text` with every match of the pattern replaced by `content`, taken literally.
std::string replace_all(const Pattern& pattern, std::string_view text, std::string_view content);

}  // namespace quern::models
