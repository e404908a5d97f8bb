#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <vector>

#include "engine/ops/shape.h"
#include "models/decoder/load_decoder.h"
#include "models/model_files.h"

namespace quern::tests {

/// Logits of some tokens, [T * V], computed in float32.
inline std::vector<float> logits_of(const std::filesystem::path& model,
                                    const std::vector<int32_t>& tokens = {1, 20, 33, 7, 150, 99}) {
  const models::ModelFiles files = models::ModelFiles::open(model);
  const auto decoder = models::load_decoder(files.weights, files.spec, files.config.quantization,
                                            true, model.string());
  models::Cache cache = decoder->make_cache();
  array out =
      contiguous(decoder->logits(array(tokens.begin(), {1, int(tokens.size())}, int32), cache));
  out.eval();
  return {out.data<float>(), out.data<float>() + out.size()};
}

/// Root of the mean squared difference, over that of the values less their mean.
inline double relative_error(const std::vector<float>& found, const std::vector<float>& expected) {
  EXPECT_EQ(found.size(), expected.size());
  double mean = 0, difference = 0, spread = 0;
  for (const float x : expected) mean += x / double(expected.size());
  for (size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
    difference += std::pow(double(found[i]) - double(expected[i]), 2);
    spread += std::pow(double(expected[i]) - mean, 2);
  }
  return std::sqrt(difference / spread);
}

}  // namespace quern::tests
