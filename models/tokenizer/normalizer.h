#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace quern::models {

/// Rewrites a text before it is divided: tokenizer.json's "normalizer". Immutable; any thread may
/// call it.
class Normalizer {
 public:
  virtual ~Normalizer() = default;

  /// `text` is valid UTF-8 and stays so.
  virtual void normalize(std::string& text) const = 0;
};

/// Throws FormatError when the type is not supported or a field is wrong.
std::unique_ptr<Normalizer> make_normalizer(const nlohmann::json& component);

}  // namespace quern::models
