#include "models/tokenizer/byte_alphabet.h"

#include <array>

#include "models/tokenizer/utf8.h"

namespace quern::models {

namespace {

constexpr int characters_end = 256 + 68;  // 68 bytes are not printable in Latin-1

struct Alphabet {
  std::array<std::array<char, 2>, 256> text{};
  std::array<uint8_t, 256> length{};
  std::array<int16_t, characters_end> byte{};

  Alphabet() {
    byte.fill(-1);
    char32_t next = 256;
    for (int b = 0; b < 256; ++b) {
      bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      char32_t character = printable ? static_cast<char32_t>(b) : next++;
      std::string utf8;
      append_utf8(character, utf8);
      utf8.copy(text[static_cast<size_t>(b)].data(), 2);
      length[static_cast<size_t>(b)] = static_cast<uint8_t>(utf8.size());
      byte[character] = static_cast<int16_t>(b);
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet made;
  return made;
}

}  // namespace

void append_byte_characters(std::string_view text, std::string& out) {
  const Alphabet& table = alphabet();
  for (char c : text) {
    auto b = static_cast<uint8_t>(c);
    out.append(table.text[b].data(), table.length[b]);
  }
}

void append_bytes(std::string_view token, std::string& out) {
  const Alphabet& table = alphabet();
  size_t before = out.size();
  for (size_t i = 0; i < token.size();) {
    char32_t character = next_code_point(token, i);
    if (character >= characters_end || table.byte[character] < 0) {
      out.resize(before);
      out += token;
      return;
    }
    out.push_back(static_cast<char>(table.byte[character]));
  }
}

}  // namespace quern::models
