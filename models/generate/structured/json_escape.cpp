#include "models/generate/structured/json_escape.h"

#include <fmt/format.h>

namespace quern::models::structured {

const CharacterSet& escaped_characters() {
  static const CharacterSet set = {{0, 0x1F}, {'"', '"'}, {'\\', '\\'}};
  return set;
}

std::string json_escape(char32_t character) {
  constexpr std::string_view short_forms = "\"\"\\\\\bb\ff\nn\rr\tt";
  for (size_t i = 0; i < short_forms.size(); i += 2) {
    if (char32_t(short_forms[i]) == character) return {'\\', short_forms[i + 1]};
  }
  return fmt::format("\\u{:04x}", uint32_t(character));
}

std::string json_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (const auto byte = uint8_t(c); byte < 0x20 || c == '"' || c == '\\') {
      out += json_escape(char32_t(byte));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace quern::models::structured
