#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "models/generate/structured/character_set.h"
#include "models/generate/structured/machine.h"

namespace quern::models::structured {

/// A regular expression as a tree.
struct Regex {
  enum class Kind { character, sequence, alternatives, repeat };

  Kind kind = Kind::sequence;
  CharacterSet set = {};  ///< of a character
  std::vector<Regex> parts =
      {};                ///< of sequence and alternatives; of repeat the one that is repeated
  uint32_t minimum = 0;  ///< of a repeat
  uint32_t maximum = 0;  ///< of a repeat; Node::unbounded without limit
};

/// What a pattern without ^ or $ at its ends means.
enum class Anchoring {
  implied,  ///< the whole text matches
  search,   ///< a part of the text matches, as in JSON schemas (ECMA-262)
};

/// Reads the syntax of ECMA-262: alternatives, groups, classes, the escapes \d \w \s \n \xHH
/// \uHHHH \u{H..}, lazy and greedy repetitions (here the same). ^ and $ may stand at the ends of
/// the outermost alternatives.
///
/// Throws ModelError, with the place, where the pattern is malformed or uses what no automaton can
/// do: back-references, look-around, word boundaries, flags.
Regex parse_regex(std::string_view pattern, Anchoring anchoring);

/// How many characters a match has; maximum is Node::unbounded without limit.
struct RegexLength {
  uint32_t minimum;
  uint32_t maximum;
};
RegexLength length_of(const Regex& regex);

}  // namespace quern::models::structured
