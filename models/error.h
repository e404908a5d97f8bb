#pragma once

#include <stdexcept>
#include <string>

namespace quern::models {

/// A model, file or request that cannot be used. The text reads `[where] what, with the numbers`;
/// `advice` is what the user can do about it, one sentence or empty.
class ModelError : public std::runtime_error {
 public:
  explicit ModelError(const std::string& what, std::string advice = {})
      : std::runtime_error(what), advice_(std::move(advice)) {}

  const std::string& advice() const { return advice_; }

 private:
  std::string advice_;
};

}  // namespace quern::models
