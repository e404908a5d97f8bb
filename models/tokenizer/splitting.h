#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "models/tokenizer/pattern.h"
#include "models/tokenizer/pre_tokenizer.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

/// What becomes of the delimiters when a text is split at them.
enum class SplitBehavior {
  removed,               // "a-b" at '-': a, b
  isolated,              // a, -, b
  merged_with_previous,  // a-, b
  merged_with_next,      // a, -b
  contiguous,            // "a--b": a, --, b
};

/// Reads the field "behavior". Throws FormatError.
SplitBehavior split_behavior(const nlohmann::json& component, std::string_view where,
                             SplitBehavior when_absent);

/// Turns the spans of one text (see Pattern::find_all) into the pieces that the behavior asks for:
/// their begin and end.
void arrange_spans(std::vector<Span>& spans, SplitBehavior behavior);

/// Replaces every piece by its parts. `find(text, spans)` fills the spans as Pattern::find_all
/// does.
template <class Find>
void split_pieces(PreTokenized& text, SplitBehavior behavior, Find find) {
  std::vector<PreTokenized::Piece> parts;
  parts.reserve(text.pieces.size());
  std::vector<Span> spans;
  for (const PreTokenized::Piece& piece : text.pieces) {
    find(piece.text, spans);
    arrange_spans(spans, behavior);
    for (const Span& span : spans) {
      if (span.begin == span.end) continue;
      parts.push_back({piece.text.substr(span.begin, span.end - span.begin),
                       piece.at_start && span.begin == 0});
    }
  }
  text.pieces = std::move(parts);
}

/// Fills the spans of a text: every character that `is_member` accepts is a match of its own.
template <class IsMember>
void find_characters(std::string_view text, std::vector<Span>& spans, IsMember is_member) {
  spans.clear();
  size_t covered = 0;
  for (size_t i = 0; i < text.size();) {
    size_t begin = i;
    if (!is_member(next_code_point(text, i))) continue;
    if (begin > covered) spans.push_back({covered, begin, false});
    spans.push_back({begin, i, true});
    covered = i;
  }
  if (covered < text.size()) spans.push_back({covered, text.size(), false});
}

}  // namespace quern::models
