#include "engine/ops/einsum_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <limits>
#include <stdexcept>

#include "engine/ops/einsum.h"

namespace quern {

namespace {

constexpr size_t most_for_best_path = 8;

bool has(const std::string& letters, char c) { return letters.find(c) != std::string::npos; }

std::string union_of(const std::string& a, const std::string& b) {
  std::string both = a;
  for (const char c : b) {
    if (!has(both, c)) both += c;
  }
  return both;
}

double size_of(const Subscripts& s, const std::string& letters) {
  double size = 1;
  for (const char c : letters) size *= s.lengths.at(c);
  return size;
}

/// The letters that occur once, in alphabetical order.
std::string implicit_output(const std::vector<std::string>& operands) {
  std::map<char, int> counts;
  for (const std::string& letters : operands) {
    for (const char c : letters) ++counts[c];
  }
  std::string output;
  for (const auto& [c, count] : counts) {
    if (count == 1) output += c;
  }
  return output;
}

void require_letters(const std::string& letters, const std::string& text, const char* where) {
  for (const char c : letters) {
    if (!std::isalpha(static_cast<unsigned char>(c))) {
      throw std::invalid_argument(
          fmt::format("[{}] '{}' in \"{}\" is not a letter", where, c, text));
    }
  }
}

void require_output(const Subscripts& s, const std::string& text, const char* where) {
  for (size_t i = 0; i < s.output.size(); ++i) {
    const char c = s.output[i];
    if (s.output.find(c, i + 1) != std::string::npos) {
      throw std::invalid_argument(
          fmt::format("[{}] the output of \"{}\" has '{}' twice", where, text, c));
    }
    if (!s.lengths.count(c)) {
      throw std::invalid_argument(
          fmt::format("[{}] the output of \"{}\" has '{}', which no operand has", where, text, c));
    }
  }
}

std::map<char, ShapeElem> letter_lengths(const std::vector<std::string>& letters,
                                         const std::vector<array>& operands,
                                         const std::string& text, const char* where) {
  std::map<char, ShapeElem> lengths;
  for (size_t i = 0; i < operands.size(); ++i) {
    const Shape& shape = operands[i].shape();
    if (letters[i].size() != shape.size()) {
      throw std::invalid_argument(
          fmt::format("[{}] \"{}\" of \"{}\" names {} axes, operand {} of shape {} has {}", where,
                      letters[i], text, letters[i].size(), i, to_string(shape), shape.size()));
    }
    for (size_t k = 0; k < shape.size(); ++k) {
      const auto [place, is_new] = lengths.emplace(letters[i][k], shape[k]);
      if (is_new || place->second == shape[k] || shape[k] == 1) continue;
      if (place->second != 1) {
        throw std::invalid_argument(fmt::format("[{}] '{}' in \"{}\" has lengths {} and {}", where,
                                                letters[i][k], text, place->second, shape[k]));
      }
      place->second = shape[k];
    }
  }
  return lengths;
}

/// The cheapest contraction of every set of terms, from those of its parts.
class BestPath {
 public:
  explicit BestPath(const Subscripts& s) : s_(s), best_(size_t(1) << s.operands.size()) {
    for (size_t set = 1; set < best_.size(); ++set) solve(set);
  }

  std::vector<std::vector<int>> path() const {
    std::vector<size_t> terms;
    for (size_t i = 0; i < s_.operands.size(); ++i) terms.push_back(size_t(1) << i);
    std::vector<std::vector<int>> steps;
    contract(best_.size() - 1, terms, steps);
    return steps;
  }

 private:
  struct Contraction {
    double cost = std::numeric_limits<double>::infinity();
    size_t left = 0;      ///< one of the two parts
    std::string letters;  ///< of the result
  };

  void solve(size_t set) {
    std::string letters;
    std::vector<std::string> others;
    for (size_t i = 0; i < s_.operands.size(); ++i) {
      if (set >> i & 1)
        letters = union_of(letters, s_.operands[i]);
      else
        others.push_back(s_.operands[i]);
    }
    Contraction& best = best_[set];
    best.letters = kept_letters(letters, others, s_.output);
    if (std::has_single_bit(set)) {
      best.cost = 0;
      return;
    }
    for (size_t left = (set - 1) & set; left != 0; left = (left - 1) & set) {
      const size_t right = set ^ left;
      if (left > right) continue;
      const double cost = best_[left].cost + best_[right].cost +
                          size_of(s_, union_of(best_[left].letters, best_[right].letters));
      if (cost < best.cost) {
        best.cost = cost;
        best.left = left;
      }
    }
  }

  void contract(size_t set, std::vector<size_t>& terms,
                std::vector<std::vector<int>>& steps) const {
    if (std::has_single_bit(set)) return;
    const size_t left = best_[set].left, right = set ^ left;
    contract(left, terms, steps);
    contract(right, terms, steps);
    std::vector<int> step;
    for (const size_t part : {left, right}) {
      step.push_back(int(std::find(terms.begin(), terms.end(), part) - terms.begin()));
    }
    std::sort(step.begin(), step.end());
    terms.erase(terms.begin() + step[1]);
    terms.erase(terms.begin() + step[0]);
    terms.push_back(set);
    steps.push_back(std::move(step));
  }

  const Subscripts& s_;
  std::vector<Contraction> best_;
};

/// Takes the two terms out of the list and puts their product's letters at its end. Returns its
/// cost.
double contract_letters(const Subscripts& s, std::vector<std::string>& terms,
                        const std::vector<int>& step) {
  std::string letters;
  for (const int i : step) letters = union_of(letters, terms[size_t(i)]);
  std::vector<std::string> rest;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (!std::count(step.begin(), step.end(), int(i))) rest.push_back(terms[i]);
  }
  const std::string result = kept_letters(letters, rest, s.output);
  terms = std::move(rest);
  terms.push_back(result);
  return size_of(s, letters);
}

/// The cheapest pair first.
std::vector<std::vector<int>> greedy_path(const Subscripts& s) {
  std::vector<std::string> terms = s.operands;
  std::vector<std::vector<int>> path;
  while (terms.size() > 1) {
    std::vector<int> best;
    double least = std::numeric_limits<double>::infinity();
    for (int i = 0; i < int(terms.size()); ++i) {
      for (int j = i + 1; j < int(terms.size()); ++j) {
        std::vector<std::string> after = terms;
        const double cost = contract_letters(s, after, {i, j});
        if (cost < least) {
          least = cost;
          best = {i, j};
        }
      }
    }
    // Costs of infinity or NaN leave any pair as good as another.
    path.push_back(best.empty() ? std::vector<int>{0, 1} : best);
    contract_letters(s, terms, path.back());
  }
  return path;
}

}  // namespace

Subscripts parse_subscripts(const std::string& text, const std::vector<array>& operands,
                            const char* where) {
  std::string letters;
  for (const char c : text) {
    if (c != ' ') letters += c;
  }
  Subscripts s;
  const size_t arrow = letters.find("->");
  const bool has_output = arrow != std::string::npos;
  if (has_output) {
    s.output = letters.substr(arrow + 2);
    letters.resize(arrow);
  }
  for (size_t begin = 0; begin <= letters.size();) {
    const size_t end = std::min(letters.find(',', begin), letters.size());
    s.operands.push_back(letters.substr(begin, end - begin));
    require_letters(s.operands.back(), text, where);
    begin = end + 1;
  }
  require_letters(s.output, text, where);
  if (s.operands.size() != operands.size() || operands.empty()) {
    throw std::invalid_argument(fmt::format("[{}] \"{}\" is for {} operands, {} are given", where,
                                            text, s.operands.size(), operands.size()));
  }
  s.lengths = letter_lengths(s.operands, operands, text, where);
  if (!has_output) s.output = implicit_output(s.operands);
  require_output(s, text, where);
  return s;
}

std::string kept_letters(const std::string& letters, const std::vector<std::string>& others,
                         const std::string& output) {
  std::string kept;
  for (const char c : letters) {
    const bool needed = has(output, c) || std::any_of(others.begin(), others.end(),
                                                      [&](const auto& o) { return has(o, c); });
    if (needed && !has(kept, c)) kept += c;
  }
  return kept;
}

std::vector<std::vector<int>> contraction_path(const Subscripts& s) {
  if (s.operands.size() == 1) return {{0}};
  return s.operands.size() <= most_for_best_path ? BestPath(s).path() : greedy_path(s);
}

double path_cost(const Subscripts& s, const std::vector<std::vector<int>>& path) {
  std::vector<std::string> terms = s.operands;
  double cost = 0;
  for (const std::vector<int>& step : path) cost += contract_letters(s, terms, step);
  return cost;
}

std::pair<std::vector<std::vector<int>>, std::string> einsum_path(
    const std::string& subscripts, const std::vector<array>& operands) {
  const Subscripts s = parse_subscripts(subscripts, operands, "einsum_path");
  std::vector<std::vector<int>> path = contraction_path(s);
  std::string all;
  for (const std::string& letters : s.operands) all = union_of(all, letters);
  std::string text = fmt::format("{} multiplications at once, {} step by step\n",
                                 size_of(s, all) * double(path.size()), path_cost(s, path));
  std::vector<std::string> terms = s.operands;
  for (const std::vector<int>& step : path) {
    std::string taken;
    for (const int i : step) taken += (taken.empty() ? "" : ",") + terms[size_t(i)];
    const double cost = contract_letters(s, terms, step);
    text += fmt::format("{}->{}  {}\n", taken, terms.back(), cost);
  }
  return {std::move(path), std::move(text)};
}

}  // namespace quern
