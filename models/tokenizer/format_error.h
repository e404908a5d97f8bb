#pragma once

#include <stdexcept>
#include <string>

namespace quern::models {

/// Something in a tokenizer's files that cannot be used, said without the file's name: the readers
/// that know the name turn it into a ModelError. `advice` is one sentence on what the user can do.
class FormatError : public std::runtime_error {
 public:
  explicit FormatError(const std::string& what,
                       std::string advice = "The file is damaged or incomplete: download it again.")
      : std::runtime_error(what), advice_(std::move(advice)) {}

  const std::string& advice() const { return advice_; }

 private:
  std::string advice_;
};

}  // namespace quern::models
