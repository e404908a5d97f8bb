#pragma once

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "models/prompt/jinja/value.h"

namespace quern::models::jinja {

/// The variables of a block, over those of the block around it. Names are views into the template
/// and the variables given to render, which outlive every scope.
class Scope {
 public:
  explicit Scope(std::shared_ptr<const Scope> outer) : outer_(std::move(outer)) {}

  /// Looks here and outwards; null where nobody has set the name.
  const Value* find(std::string_view name) const {
    for (const Scope* scope = this; scope; scope = scope->outer_.get()) {
      for (const auto& [key, value] : scope->variables_) {
        if (key == name) return &value;
      }
    }
    return nullptr;
  }

  /// Sets the name here, whatever the scopes around say.
  void set(std::string_view name, Value value) {
    const auto same = [&](const auto& variable) { return variable.first == name; };
    const auto found = std::find_if(variables_.begin(), variables_.end(), same);
    if (found != variables_.end()) {
      found->second = std::move(value);
    } else {
      variables_.emplace_back(name, std::move(value));
    }
  }

  void clear() { variables_.clear(); }

 private:
  std::vector<std::pair<std::string_view, Value>> variables_;
  std::shared_ptr<const Scope> outer_;
};

}  // namespace quern::models::jinja
