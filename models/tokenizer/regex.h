#pragma once

#include <string>

#include "models/tokenizer/pattern.h"

struct pcre2_real_code_8;

namespace quern::models {

/// A regular expression in Oniguruma's syntax, which tokenizer.json uses, compiled by PCRE2 with
/// its just-in-time compiler where that is available.
class Regex : public Pattern {
 public:
  /// Throws FormatError, with the place, when the pattern does not compile.
  explicit Regex(const std::string& oniguruma_pattern);

  /// Throws FormatError when the search exceeds PCRE2's limits on backtracking.
  void find_all(std::string_view text, std::vector<Span>& spans) const override;

 private:
  struct Free {
    void operator()(pcre2_real_code_8* code) const;
  };
  std::unique_ptr<pcre2_real_code_8, Free> code_;
  std::string pattern_;
  bool just_in_time_ = false;
};

}  // namespace quern::models
