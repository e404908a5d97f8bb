#include "models/tokenizer/splitting.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"

namespace quern::models {

SplitBehavior split_behavior(const nlohmann::json& component, std::string_view where,
                             SplitBehavior when_absent) {
  std::string name = string_field(component, "behavior", where, "");
  if (name.empty()) return when_absent;
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name == "Contiguous") return SplitBehavior::contiguous;
  throw FormatError(fmt::format("{}: the behavior {} is unknown", where, in_quotes(name)));
}

void arrange_spans(std::vector<Span>& spans, SplitBehavior behavior) {
  if (behavior == SplitBehavior::isolated) return;
  if (behavior == SplitBehavior::removed) {
    spans.erase(std::remove_if(spans.begin(), spans.end(), [](Span s) { return s.is_match; }),
                spans.end());
    return;
  }
  // The rest join neighbours, going through the spans from one side.
  bool backwards = behavior == SplitBehavior::merged_with_next;
  if (backwards) std::reverse(spans.begin(), spans.end());
  size_t kept = 0;
  bool previous_is_match = false;
  for (Span span : spans) {
    bool joins = behavior == SplitBehavior::contiguous ? span.is_match == previous_is_match
                                                       : span.is_match && !previous_is_match;
    previous_is_match = span.is_match;
    if (joins && kept > 0) {
      Span& last = spans[kept - 1];
      (backwards ? last.begin : last.end) = backwards ? span.begin : span.end;
    } else {
      spans[kept++] = span;
    }
  }
  spans.resize(kept);
  if (backwards) std::reverse(spans.begin(), spans.end());
}

}  // namespace quern::models
