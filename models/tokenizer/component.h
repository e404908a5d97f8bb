#pragma once

#include <fmt/format.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "models/tokenizer/format_error.h"

namespace quern::models {

/// One row of a table from a component's "type" in tokenizer.json to the function that makes it. A
/// new component is a class and a row.
template <class Base, class Source>
struct ComponentType {
  std::string_view name;
  std::unique_ptr<Base> (*make)(const Source& source);
};

/// The component that `type` names. Throws FormatError, naming it, when the table has no such row.
template <class Base, class Source, size_t n>
std::unique_ptr<Base> make_component(const ComponentType<Base, Source> (&types)[n],
                                     std::string_view kind, const std::string& type,
                                     const Source& source) {
  for (const auto& row : types) {
    if (row.name == type) return row.make(source);
  }
  throw FormatError(fmt::format("the {} \"{}\" is not supported", kind, type),
                    "This tokenizer needs a part that this version does not have: choose another "
                    "model or look for a newer version.");
}

}  // namespace quern::models
