#include "engine/ops/einsum.h"

#include <algorithm>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/einsum_path.h"
#include "engine/ops/matmul.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"

namespace quern {

namespace {

/// An array whose axes have letters, each another one.
struct Term {
  std::string letters;
  array values;
};

bool has(const std::string& letters, char c) { return letters.find(c) != std::string::npos; }

/// The operand without axes that only repeat (length 1 where the letter is longer) and with the
/// diagonals that repeated letters mean.
Term as_term(std::string letters, array a, const Subscripts& s) {
  std::vector<int> repeating;
  std::string rest;
  for (size_t i = 0; i < letters.size(); ++i) {
    if (a.shape(int(i)) == 1 && s.lengths.at(letters[i]) != 1)
      repeating.push_back(int(i));
    else
      rest += letters[i];
  }
  if (!repeating.empty()) a = squeeze(a, repeating);
  for (size_t i = 0; i < rest.size();) {
    const size_t again = rest.find(rest[i], i + 1);
    if (again == std::string::npos) {
      ++i;
      continue;
    }
    a = diagonal(a, 0, int(i), int(again));
    const char c = rest[i];
    rest.erase(again, 1);
    rest.erase(i, 1);
    rest += c;
  }
  return {std::move(rest), std::move(a)};
}

/// Summed over the letters that are not in `kept`.
Term summed(const Term& term, const std::string& kept) {
  std::vector<int> axes;
  std::string rest;
  for (size_t i = 0; i < term.letters.size(); ++i) {
    if (has(kept, term.letters[i]))
      rest += term.letters[i];
    else
      axes.push_back(int(i));
  }
  if (axes.empty()) return term;
  return {std::move(rest), sum(term.values, axes)};
}

array in_order(const Term& term, const std::string& letters) {
  std::vector<int> order;
  for (const char c : letters) order.push_back(int(term.letters.find(c)));
  return transpose(term.values, std::move(order));
}

/// How the letters of two terms meet.
struct Meeting {
  std::string batch, summed, left, right;
};

Meeting meet(const Term& a, const Term& b, const std::string& kept) {
  Meeting m;
  for (const char c : a.letters) {
    if (!has(b.letters, c))
      m.left += c;
    else if (has(kept, c))
      m.batch += c;
    else
      m.summed += c;
  }
  for (const char c : b.letters) {
    if (!has(a.letters, c)) m.right += c;
  }
  return m;
}

Shape lengths_of(const Subscripts& s, const std::string& letters) {
  Shape shape;
  for (const char c : letters) shape.push_back(s.lengths.at(c));
  return shape;
}

/// Lengths of the batch axes, then of the others merged into two.
Shape matrix_shape(const Subscripts& s, const std::string& batch, const std::string& rows,
                   const std::string& columns) {
  Shape shape = lengths_of(s, batch);
  shape.push_back(ShapeElem(element_count(lengths_of(s, rows))));
  shape.push_back(ShapeElem(element_count(lengths_of(s, columns))));
  return shape;
}

array matrix_product(const Term& a, const Term& b, const Meeting& m, const Subscripts& s) {
  const array left =
      reshape(in_order(a, m.batch + m.left + m.summed), matrix_shape(s, m.batch, m.left, m.summed));
  const array right = reshape(in_order(b, m.batch + m.summed + m.right),
                              matrix_shape(s, m.batch, m.summed, m.right));
  return reshape(matmul(left, right), lengths_of(s, m.batch + m.left + m.right));
}

/// Without a sum, or for integers: the elements' products, [batch, left, right, summed], summed.
array elementwise_product(const Term& a, const Term& b, const Meeting& m, const Subscripts& s) {
  const auto aligned = [&](const Term& term, const std::string& own, size_t before, size_t after) {
    Shape shape = lengths_of(s, m.batch);
    shape.resize(shape.size() + before, 1);
    for (const char c : own) shape.push_back(s.lengths.at(c));
    shape.resize(shape.size() + after, 1);
    for (const char c : m.summed) shape.push_back(s.lengths.at(c));
    return reshape(in_order(term, m.batch + own + m.summed), std::move(shape));
  };
  const array product =
      multiply(aligned(a, m.left, 0, m.right.size()), aligned(b, m.right, m.left.size(), 0));
  std::vector<int> axes;
  for (size_t i = 0; i < m.summed.size(); ++i) axes.push_back(-1 - int(i));
  return axes.empty() ? product : sum(product, axes);
}

/// The sum of the terms' products over the letters that are not in `kept`.
Term contract(const Term& first, const Term& second, const std::string& kept, const Subscripts& s) {
  const Term a = summed(first, kept + second.letters), b = summed(second, kept + first.letters);
  const Meeting m = meet(a, b, kept);
  const bool multiplies = m.summed.empty() || !issubdtype(a.values.dtype(), inexact);
  return {m.batch + m.left + m.right,
          multiplies ? elementwise_product(a, b, m, s) : matrix_product(a, b, m, s)};
}

}  // namespace

array einsum(const std::string& subscripts, const std::vector<array>& operands, StreamOrDevice s) {
  const Subscripts parsed = parse_subscripts(subscripts, operands, "einsum");
  const StreamContext stream(to_stream(s));
  const Dtype dtype = result_type(operands);
  std::vector<Term> terms;
  for (size_t i = 0; i < operands.size(); ++i) {
    terms.push_back(as_term(parsed.operands[i], astype(operands[i], dtype), parsed));
  }
  for (const std::vector<int>& step : contraction_path(parsed)) {
    if (step.size() == 1) continue;
    const Term first = terms[size_t(step[0])], second = terms[size_t(step[1])];
    terms.erase(terms.begin() + std::max(step[0], step[1]));
    terms.erase(terms.begin() + std::min(step[0], step[1]));
    std::string kept = parsed.output;
    for (const Term& term : terms) kept += term.letters;
    terms.push_back(contract(first, second, kept, parsed));
  }
  return in_order(summed(terms[0], parsed.output), parsed.output);
}

}  // namespace quern
