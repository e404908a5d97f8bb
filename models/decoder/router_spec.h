#pragma once

#include <optional>
#include <string>

namespace quern::models {

/// How a mixture of experts chooses among them, token by token. In float32.
struct RouterSpec {
  int num_experts = 0;
  int experts_per_token = 0;

  /// What a logit becomes: a score, the larger the sooner chosen.
  enum class Scores {
    softmax,  ///< over all experts; `normalised`, it is the softmax over the chosen ones alone
    sigmoid,
    sparse_mixer,  ///< one expert after another, each weighed against near ties (Liu et al. 2024)
  } scores = Scores::softmax;
  bool normalised = false;  ///< the weights of a token's experts sum to 1
  float scale = 1.0f;       ///< of the weights, in the end
  bool bias = false;        ///< of the logits
  /// sparse_mixer: experts whose logit is further from the best than twice this, relatively, do not
  /// weigh in.
  float tie_width = 0.01f;

  /// Experts in equal groups, of which a token may use the best few (DeepSeek-AI 2024).
  int groups = 1;
  int groups_per_token = 1;
  /// How good a group is: as its best expert, or as the sum of its two best.
  enum class GroupScore { best, best_two } group_score = GroupScore::best_two;

  /// Added to the scores while choosing, not to the weights: PATH [num_experts]. Relative to the
  /// whole mixture.
  std::optional<std::string> correction = {};
  bool correction_needed = true;  ///< or else it is 0 when a checkpoint does not have it

  std::string name = "gate";
};

}  // namespace quern::models
