#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models::tests {

/// A protocol-buffers message, field by field.
class ProtobufWriter {
 public:
  ProtobufWriter& varint(uint64_t number, uint64_t value) {
    raw(number << 3);
    raw(value);
    return *this;
  }
  ProtobufWriter& float32(uint64_t number, float value) {
    raw(number << 3 | 5);
    char bits[4];
    std::memcpy(bits, &value, 4);
    out_.append(bits, 4);
    return *this;
  }
  ProtobufWriter& bytes(uint64_t number, std::string_view value) {
    raw(number << 3 | 2);
    raw(value.size());
    out_ += value;
    return *this;
  }
  const std::string& text() const { return out_; }

 private:
  void raw(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }

  std::string out_;
};

struct TestPiece {
  std::string text;
  float score = 0;
  int type = 1;  // normal 1, unknown 2, control 3, user-defined 4, unused 5, byte 6
};

/// A SentencePiece model file. type: 1 unigram, 2 BPE.
struct TestModel {
  std::vector<TestPiece> pieces;
  int type = 2;
  bool byte_fallback = false;
  std::string character_map;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;

  std::string bytes() const {
    ProtobufWriter file;
    for (const TestPiece& piece : pieces) {
      ProtobufWriter one;
      one.bytes(1, piece.text).float32(2, piece.score);
      if (piece.type != 1) one.varint(3, static_cast<uint64_t>(piece.type));
      file.bytes(1, one.text());
    }
    ProtobufWriter trainer;
    trainer.bytes(2, "prefix").varint(3, static_cast<uint64_t>(type)).float32(15, 0.75f);
    trainer.varint(35, byte_fallback);
    file.bytes(2, trainer.text());
    ProtobufWriter normalizer;
    normalizer.bytes(1, "name").bytes(2, character_map).varint(3, add_dummy_prefix);
    normalizer.varint(4, remove_extra_whitespaces);
    return file.bytes(3, normalizer.text()).text();
  }
};

}  // namespace quern::models::tests
