#include "models/quantize/same_model.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <variant>

#include "models/decoder/rope_frequencies.h"

namespace quern::models {

namespace {

bool is_near(float a, float b) { return std::abs(a - b) <= 1e-4f * std::abs(b); }

std::string shown(const std::optional<int>& window) {
  return window ? fmt::format("{} tokens", *window) : "all tokens";
}

std::string difference_of(const RopeSpec& found, const RopeSpec& wanted) {
  if (found.dims != wanted.dims)
    return fmt::format("turns {} elements, not {}", found.dims, wanted.dims);
  if (found.interleaved != wanted.interleaved) return "turns other pairs";
  const RopeFrequencies of_found = rope_frequencies(found, found.max_position_embeddings);
  const RopeFrequencies of_wanted = rope_frequencies(wanted, wanted.max_position_embeddings);
  for (size_t i = 0; i < of_found.periods.size(); ++i) {
    const float period = of_found.periods[i], expected = of_wanted.periods[i];
    if (period != expected && !is_near(period, expected))
      return fmt::format("turns pair {} by 1/{:g} per position, not 1/{:g}", i, period, expected);
  }
  if (!is_near(of_found.amplitude, of_wanted.amplitude)) return "scales what turns otherwise";
  return {};
}

std::string difference_of(const AttentionSpec& found, const AttentionSpec& wanted) {
  if (found.window != wanted.window)
    return fmt::format("sees {}, not {}", shown(found.window), shown(wanted.window));
  if (found.rope.has_value() != wanted.rope.has_value())
    return found.rope ? "sees positions" : "does not see positions";
  if (found.rope) {
    if (auto difference = difference_of(*found.rope, *wanted.rope); !difference.empty())
      return difference;
  }
  if (!is_near(found.scale, wanted.scale))
    return fmt::format("scales scores by {:g}, not {:g}", found.scale, wanted.scale);
  return {};
}

std::string difference_of(const LayerSpec& found, const LayerSpec& wanted) {
  if (found.mixer.index() != wanted.mixer.index()) return "mixes tokens in another way";
  if (found.feed_forward.index() != wanted.feed_forward.index())
    return std::holds_alternative<MoeSpec>(found.feed_forward) ? "has experts" : "has no experts";
  if (!is_near(found.residual_scale, wanted.residual_scale)) return "has another residual scale";
  const auto* attention = std::get_if<AttentionSpec>(&found.mixer);
  return attention ? difference_of(*attention, std::get<AttentionSpec>(wanted.mixer)) : "";
}

}  // namespace

std::string difference_of(const DecoderSpec& found, const DecoderSpec& wanted) {
  if (found.layers.size() != wanted.layers.size())
    return fmt::format("there are {} layers, not {}", found.layers.size(), wanted.layers.size());
  for (size_t i = 0; i < found.layers.size(); ++i) {
    const std::string difference = difference_of(found.layers[i], wanted.layers[i]);
    if (!difference.empty()) return fmt::format("layer {} {}", i, difference);
  }
  if (!is_near(found.embedding_scale, wanted.embedding_scale)) return "embeddings are scaled";
  if (!is_near(found.logit_scale, wanted.logit_scale)) return "logits are scaled otherwise";
  if (found.logit_softcap.has_value() != wanted.logit_softcap.has_value())
    return "logits are capped otherwise";
  return {};
}

}  // namespace quern::models
