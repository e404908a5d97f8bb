#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/array/array.h"

namespace quern {

/// An einsum's letters.
struct Subscripts {
  std::vector<std::string> operands;
  std::string output;
  std::map<char, ShapeElem> lengths;  ///< of each letter's axes
};

/// Throws std::invalid_argument, naming `where`, when the subscripts are malformed or do not fit
/// the operands.
Subscripts parse_subscripts(const std::string& text, const std::vector<array>& operands,
                            const char* where);

/// The letters of `terms` (each one's once) that `output` or a term outside of them has.
std::string kept_letters(const std::string& letters, const std::vector<std::string>& others,
                         const std::string& output);

/// Which terms to contract, step by step: see einsum_path.
std::vector<std::vector<int>> contraction_path(const Subscripts& subscripts);

/// Multiplications of the path.
double path_cost(const Subscripts& subscripts, const std::vector<std::vector<int>>& path);

}  // namespace quern
