#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quern::cpu {

/// What a link of a chain does to the value in hand, with the link's operand where it says so.
enum class Link : uint8_t {
  take,           ///< the operand becomes the value
  store,          ///< the value is written to the operand, and stays in hand
  add,            ///< value + operand
  subtract,       ///< value - operand
  subtract_from,  ///< operand - value
  multiply,       ///< value * operand
  divide,         ///< value / operand
  divide_into,    ///< operand / value
  maximum,        ///< as Maximum(value, operand)
  maximum_from,   ///< as Maximum(operand, value)
  minimum,
  minimum_from,
  abs,
  negative,
  square,
  sqrt,
  rsqrt,
  reciprocal,
  round_float16,   ///< to the nearest float16, still in float32
  round_bfloat16,  ///< likewise
};

struct ChainLink {
  Link link;
  bool is_constant = false;  ///< the operand's first element stands for all of them
  int operand = -1;          ///< which of the values, for links that have one
};

/// Steps on float32 elements that hand their value on in registers: one pass over the memory,
/// whatever the number of links. Each element goes through all links before its neighbours a
/// little further on do, so a link may read what an earlier one stored, and store where an earlier
/// one read. `values` are n elements each. Results have the bits of the same steps one by one.
void run_chain(const std::vector<ChainLink>& chain, void* const* values, size_t n);

}  // namespace quern::cpu
