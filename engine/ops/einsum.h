#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/array/array.h"

namespace quern {

// Einstein summation: "ij,jk->ik". Each operand's axes have letters; axes of one letter have one
// length, or length 1, which repeats. A letter that the output lacks is summed over, one that an
// operand has twice means its diagonal. Without "->" the output has the letters that occur once, in
// alphabetical order. Spaces mean nothing; there is no ellipsis.
//
// Throw std::invalid_argument for anything else than letters, another number of operands or axes,
// lengths that differ, and an output letter that is unknown or given twice.

/// The operands, in the dtype that they promote to, multiplied and summed. Two at a time, in the
/// order of einsum_path; sums over floats are matrix products.
array einsum(const std::string& subscripts, const std::vector<array>& operands,
             StreamOrDevice s = {});

/// The order in which einsum contracts the operands, and a description of it and its cost. Each
/// step names the operands (one or two) that it takes out of the list; its result goes to the
/// list's end. Up to 8 operands the order has the fewest multiplications, with more the cheapest
/// pair comes first.
std::pair<std::vector<std::vector<int>>, std::string> einsum_path(
    const std::string& subscripts, const std::vector<array>& operands);

}  // namespace quern
