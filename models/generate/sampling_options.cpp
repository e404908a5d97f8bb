#include "models/generate/sampling_options.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "models/error.h"

namespace quern::models {

namespace {

[[noreturn]] void refuse(std::string_view option, double value, std::string_view range) {
  throw ModelError(fmt::format("[sampling] {} is {:g}, but must be {}", option, value, range),
                   fmt::format("Set {} to a value {}.", option, range));
}

/// Comparisons with NaN are false, so that NaN fails as well.
void require(bool holds, std::string_view option, double value, std::string_view range) {
  if (!holds) refuse(option, value, range);
}

}  // namespace

void check(const SamplingOptions& options, int32_t vocab_size) {
  const auto finite = [](float value) { return std::isfinite(value); };
  const auto within = [](float value, float low, float high) {
    return value >= low && value <= high;
  };
  const SamplingOptions& o = options;
  require(o.temperature >= 0 && finite(o.temperature), "temperature", o.temperature, "at least 0");
  require(o.top_p > 0 && o.top_p <= 1, "top_p", o.top_p, "above 0 and at most 1");
  require(within(o.min_p, 0, 1), "min_p", o.min_p, "between 0 and 1");
  require(o.top_k >= 0, "top_k", o.top_k, "at least 0");
  require(within(o.xtc_probability, 0, 1), "xtc_probability", o.xtc_probability, "between 0 and 1");
  require(within(o.xtc_threshold, 0, 0.5f), "xtc_threshold", o.xtc_threshold, "between 0 and 0.5");
  require(o.repetition_penalty > 0 && finite(o.repetition_penalty), "repetition_penalty",
          o.repetition_penalty, "above 0");
  require(finite(o.presence_penalty), "presence_penalty", o.presence_penalty, "a finite number");
  require(finite(o.frequency_penalty), "frequency_penalty", o.frequency_penalty, "a finite number");
  require(o.penalty_window >= 0, "penalty_window", o.penalty_window, "at least 0");
  for (const auto& [id, bias] : o.logit_bias) {
    require(finite(bias), fmt::format("logit_bias of token {}", id), bias, "a finite number");
    if (id < 0 || id >= vocab_size) {
      throw ModelError(
          fmt::format("[sampling] logit_bias names token {}, but the model has {} tokens", id,
                      vocab_size),
          fmt::format("Name tokens between 0 and {}.", vocab_size - 1));
    }
  }
}

}  // namespace quern::models
