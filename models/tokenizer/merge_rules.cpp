#include "models/tokenizer/merge_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

namespace {

uint64_t junction_of(std::string_view left, std::string_view right) {
  size_t end = left.size();
  size_t begin = 0;
  char32_t last = previous_code_point(left, end);
  return MergeRules::junction(last, next_code_point(right, begin));
}

}  // namespace

MergeRuleList::MergeRuleList(const Vocabulary& vocabulary, std::string_view prefix,
                             UnknownToken unknown)
    : vocabulary_(vocabulary), prefix_(prefix), unknown_(unknown) {}

void MergeRuleList::add_line(std::string_view line) {
  size_t space = line.find(' ');
  if (space == line.npos || line.find(' ', space + 1) != line.npos) {
    throw FormatError(fmt::format("merge {} is {}, not two tokens with a space between", count_,
                                  in_quotes(line)));
  }
  add(line.substr(0, space), line.substr(space + 1));
}

void MergeRuleList::add(std::string_view left, std::string_view right) {
  // A continuation is written with its prefix, which the joined token has only once.
  if (!right.starts_with(prefix_) || left.empty() || right.size() == prefix_.size()) {
    throw FormatError(
        fmt::format("merge {} cannot join {} and {}", count_, in_quotes(left), in_quotes(right)));
  }
  joined_.assign(left);
  joined_ += right.substr(prefix_.size());
  auto left_id = find(left);
  auto right_id = find(right);
  auto id = find_joined();
  int32_t rank = count_++;
  if (!left_id || !right_id || !id) return;
  rules_.push_back({*left_id, *right_id, *id, rank});
  junctions_.insert(junction_of(left, right));
}

/// Rules mostly stand in the order of the tokens they make, one or several for each.
std::optional<int32_t> MergeRuleList::find_joined() const {
  for (int32_t guess = rules_.empty() ? 0 : rules_.back().id, end = guess + 2; guess < end;
       ++guess) {
    if (vocabulary_.text(guess) == joined_) return guess;
  }
  return find(joined_);
}

std::optional<int32_t> MergeRuleList::find(std::string_view token) const {
  auto id = vocabulary_.find(token);
  if (id || unknown_ == UnknownToken::left_out) return id;
  throw FormatError(fmt::format("merge {} needs the token {}, which the vocabulary lacks", count_,
                                in_quotes(token)));
}

MergeRules MergeRuleList::rules() && {
  MergeTable table(rules_.size());
  for (const Rule& rule : rules_) table.add(rule.left, rule.right, {rule.rank, rule.id});
  return {std::move(table), std::move(junctions_)};
}

MergeRules rules_of_lines(const Vocabulary& vocabulary, const std::vector<std::string>& lines) {
  MergeRuleList rules(vocabulary, {}, MergeRuleList::UnknownToken::left_out);
  for (const std::string& line : lines) {
    if (!is_valid_utf8(line)) {
      throw FormatError(fmt::format("a merge of {} bytes is not valid UTF-8", line.size()));
    }
    rules.add_line(line);
  }
  return std::move(rules).rules();
}

std::vector<int32_t> ranks_of_scores(const std::vector<double>& scores) {
  std::vector<double> sorted;
  std::copy_if(scores.begin(), scores.end(), std::back_inserter(sorted),
               [](double score) { return !std::isnan(score); });
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<int32_t> ranks;
  ranks.reserve(scores.size());
  for (double score : scores) {
    auto place = std::lower_bound(sorted.begin(), sorted.end(), score, std::greater<>());
    ranks.push_back(std::isnan(score) ? -1 : static_cast<int32_t>(place - sorted.begin()));
  }
  return ranks;
}

MergeRules rules_of_vocabulary(const Vocabulary& vocabulary, const std::vector<int32_t>& ranks) {
  struct Rule {
    int32_t left;
    int32_t right;
    int32_t id;
  };
  auto takes_part = [&](std::optional<int32_t> id) {
    return id && ranks[static_cast<size_t>(*id)] >= 0;
  };
  std::vector<Rule> rules;
  std::unordered_set<uint64_t> junctions;
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    std::string_view text = vocabulary.text(id);
    if (text.empty() || !takes_part(id)) continue;
    for (size_t i = utf8_length(text[0]); i < text.size(); i += utf8_length(text[i])) {
      std::string_view first = text.substr(0, i);
      std::string_view second = text.substr(i);
      auto left = vocabulary.find(first);
      if (!takes_part(left)) continue;
      auto right = vocabulary.find(second);
      if (!takes_part(right)) continue;
      rules.push_back({*left, *right, id});
      junctions.insert(junction_of(first, second));
    }
  }
  MergeTable table(rules.size());
  for (const Rule& rule : rules) {
    table.add(rule.left, rule.right, {ranks[static_cast<size_t>(rule.id)], rule.id});
  }
  return {std::move(table), std::move(junctions)};
}

}  // namespace quern::models
