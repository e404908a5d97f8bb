#include "models/tokenizer/metaspace.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"

namespace quern::models {

Metaspace metaspace(const nlohmann::json& component, std::string_view where) {
  constexpr char32_t lower_one_eighth_block = 0x2581;
  Metaspace settings{character_field(component, "replacement", where, lower_one_eighth_block),
                     bool_field(component, "add_prefix_space", where, true)
                         ? MetaspacePrepend::always
                         : MetaspacePrepend::never};
  std::string scheme = string_field(component, "prepend_scheme", where, "");
  if (scheme == "first") settings.prepend = MetaspacePrepend::first;
  if (scheme == "always") settings.prepend = MetaspacePrepend::always;
  if (scheme == "never") settings.prepend = MetaspacePrepend::never;
  if (scheme != "" && scheme != "first" && scheme != "always" && scheme != "never") {
    throw FormatError(
        fmt::format("{}: the prepend_scheme {} is unknown", where, in_quotes(scheme)));
  }
  return settings;
}

}  // namespace quern::models
