#include "models/tokenizer/utf8.h"

#include <cstring>

namespace quern::models {

namespace {

/// Sequence length that a lead byte announces; 0 when no valid sequence begins with it.
size_t announced_length(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

bool is_continuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

/// The second byte's range is narrower after some leads: it excludes overlong forms, surrogates and
/// what lies above U+10FFFF.
bool may_be_second(uint8_t lead, uint8_t byte) {
  switch (lead) {
    case 0xE0:
      return byte >= 0xA0 && byte <= 0xBF;
    case 0xED:
      return byte >= 0x80 && byte <= 0x9F;
    case 0xF0:
      return byte >= 0x90 && byte <= 0xBF;
    case 0xF4:
      return byte >= 0x80 && byte <= 0x8F;
    default:
      return is_continuation(byte);
  }
}

/// Length of the valid sequence that opens `rest`, 0 when there is none.
size_t valid_sequence(std::string_view rest) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(rest[i]); };
  size_t length = announced_length(byte(0));
  if (length <= 1) return length;
  if (rest.size() < length || !may_be_second(byte(0), byte(1))) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (!is_continuation(byte(i))) return 0;
  }
  return length;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    uint64_t eight;
    if (i + sizeof eight <= text.size()) {
      std::memcpy(&eight, text.data() + i, sizeof eight);
      if ((eight & 0x8080808080808080u) == 0) {
        i += sizeof eight;
        continue;
      }
    }
    size_t length = valid_sequence(text.substr(i));
    if (length == 0) return false;
    i += length;
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  Utf8Assembler assembler;
  for (char c : text) assembler.add(static_cast<uint8_t>(c), out);
  assembler.finish(out);
  return out;
}

void append_utf8(char32_t code_point, std::string& out) {
  auto put = [&](char32_t bits) { out.push_back(static_cast<char>(bits)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | (code_point >> 6));
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | (code_point >> 18));
    put(0x80 | ((code_point >> 12) & 0x3F));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

char32_t next_code_point(std::string_view text, size_t& position) {
  auto lead = static_cast<uint8_t>(text[position]);
  size_t length = utf8_length(text[position]);
  char32_t code_point = length == 1 ? lead : lead & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    code_point = (code_point << 6) | (static_cast<uint8_t>(text[position + i]) & 0x3F);
  }
  position += length;
  return code_point;
}

char32_t previous_code_point(std::string_view text, size_t& position) {
  do {
    --position;
  } while (is_continuation(static_cast<uint8_t>(text[position])));
  size_t start = position;
  return next_code_point(text, start);
}

bool Utf8Assembler::accepts(uint8_t byte) const {
  if (pending_.empty()) return announced_length(byte) > 0;
  if (pending_.size() == 1) return may_be_second(static_cast<uint8_t>(pending_[0]), byte);
  return is_continuation(byte);
}

void Utf8Assembler::add(uint8_t byte, std::string& out) {
  if (!accepts(byte)) {
    bool held = !pending_.empty();
    finish(out);
    if (held) return add(byte, out);
    out += replacement_character;
    return;
  }
  if (pending_.empty()) length_ = announced_length(byte);
  if (length_ == 1) {
    out.push_back(static_cast<char>(byte));
    return;
  }
  pending_.push_back(static_cast<char>(byte));
  if (pending_.size() == length_) {
    out += pending_;
    pending_.clear();
  }
}

void Utf8Assembler::finish(std::string& out) {
  if (pending_.empty()) return;
  out += replacement_character;
  pending_.clear();
}

}  // namespace quern::models
