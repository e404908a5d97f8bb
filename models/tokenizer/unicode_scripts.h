#pragma once

#include <string>

namespace quern::models {

/// A regular expression whose matches are the runs of one Unicode script. Hiragana and Katakana
/// count as Han; a space belongs to the run before it.
std::string script_runs_pattern();

}  // namespace quern::models
