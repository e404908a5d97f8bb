#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "models/tokenizer/merge_table.h"
#include "models/tokenizer/vocabulary.h"

namespace quern::models {

/// What a byte-pair encoding joins.
struct MergeRules {
  /// A pair of neighbouring characters.
  static uint64_t junction(char32_t left, char32_t right) {
    return static_cast<uint64_t>(left) << 32 | right;
  }

  MergeTable table;
  /// The last character of a rule's left token and the first of its right one, of all rules.
  std::unordered_set<uint64_t> junctions;
};

/// Collects rules that are written down one by one, lowest rank first.
class MergeRuleList {
 public:
  enum class UnknownToken { refused, left_out };

  /// `prefix` marks tokens that continue a word: the joined token has it only once.
  explicit MergeRuleList(const Vocabulary& vocabulary, std::string_view prefix = {},
                         UnknownToken unknown = UnknownToken::refused);

  /// Throws FormatError when the tokens cannot be joined or one of the three is unknown and
  /// refused.
  void add(std::string_view left, std::string_view right);

  /// "left right". Throws FormatError.
  void add_line(std::string_view line);

  MergeRules rules() &&;

 private:
  struct Rule {
    int32_t left;
    int32_t right;
    int32_t id;
    int32_t rank;
  };

  std::optional<int32_t> find(std::string_view token) const;
  std::optional<int32_t> find_joined() const;

  const Vocabulary& vocabulary_;
  std::string prefix_;
  UnknownToken unknown_;
  int32_t count_ = 0;
  std::vector<Rule> rules_;
  std::unordered_set<uint64_t> junctions_;
  std::string joined_;
};

/// The rules "left right", lowest rank first; those with tokens that the vocabulary lacks are left
/// out. Throws FormatError when a line is no rule.
MergeRules rules_of_lines(const Vocabulary& vocabulary, const std::vector<std::string>& lines);

/// Ranks from scores, one for each id: the highest score goes first, equal ones have equal ranks,
/// and NaN takes no part.
std::vector<int32_t> ranks_of_scores(const std::vector<double>& scores);

/// Rules for a vocabulary that has none: two tokens join whenever their texts together are a token.
/// ranks: one for each id, lower goes first; a token with a negative one takes no part. Equal ranks
/// go from the left.
MergeRules rules_of_vocabulary(const Vocabulary& vocabulary, const std::vector<int32_t>& ranks);

}  // namespace quern::models
