#include "models/tokenizer/byte_tokens.h"

#include <fmt/format.h>

namespace quern::models {

int byte_of_token(std::string_view token) {
  if (token.size() != 6 || token.substr(0, 3) != "<0x" || token[5] != '>') return -1;
  int value = 0;
  for (char digit : token.substr(3, 2)) {
    int nibble = digit >= '0' && digit <= '9'   ? digit - '0'
                 : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                 : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                                                : -1;
    if (nibble < 0) return -1;
    value = value * 16 + nibble;
  }
  return value;
}

std::vector<int32_t> byte_token_ids(const Vocabulary& vocabulary) {
  std::vector<int32_t> ids(256);
  for (size_t byte = 0; byte < 256; ++byte) {
    ids[byte] = vocabulary.find(fmt::format("<0x{:02X}>", byte)).value_or(-1);
  }
  return ids;
}

bool append_byte_tokens(const std::vector<int32_t>& byte_ids, std::string_view text,
                        std::vector<int32_t>& ids) {
  size_t before = ids.size();
  for (char byte : text) {
    int32_t id = byte_ids[static_cast<uint8_t>(byte)];
    if (id < 0) {
      ids.resize(before);
      return false;
    }
    ids.push_back(id);
  }
  return true;
}

}  // namespace quern::models
