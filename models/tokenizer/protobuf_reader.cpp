#include "models/tokenizer/protobuf_reader.h"

#include <fmt/format.h>

#include <bit>

#include "models/tokenizer/format_error.h"

namespace quern::models {

void ProtobufReader::fail(std::string_view what) const {
  throw FormatError(fmt::format("the file is broken at byte {}: {}", place_ + position_, what));
}

uint64_t ProtobufReader::raw_varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (position_ >= bytes_.size()) fail("a number is cut off");
    auto byte = static_cast<uint8_t>(bytes_[position_++]);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  fail("a number has more than ten bytes");
}

std::string_view ProtobufReader::raw_bytes(uint64_t count) {
  if (count > bytes_.size() - position_) {
    fail(fmt::format("{} bytes are announced where {} are left", count, bytes_.size() - position_));
  }
  std::string_view value = bytes_.substr(position_, count);
  position_ += count;
  return value;
}

bool ProtobufReader::next() {
  if (pending_) skip();
  if (position_ >= bytes_.size()) return false;
  uint64_t tag = raw_varint();
  number_ = tag >> 3;
  type_ = tag & 7;
  pending_ = true;
  if (number_ == 0) fail("a field has the number 0");
  return true;
}

void ProtobufReader::skip() {
  pending_ = false;
  switch (type_) {
    case varint_type:
      raw_varint();
      return;
    case fixed64:
      raw_bytes(8);
      return;
    case length_delimited:
      raw_bytes(raw_varint());
      return;
    case fixed32:
      raw_bytes(4);
      return;
    default:
      fail(fmt::format("field {} has the unknown wire type {}", number_, type_));
  }
}

void ProtobufReader::expect(WireType type) {
  if (type_ != type) {
    fail(fmt::format("field {} has the wire type {} instead of {}", number_, type_,
                     static_cast<uint64_t>(type)));
  }
  pending_ = false;
}

uint64_t ProtobufReader::varint() {
  expect(varint_type);
  return raw_varint();
}

float ProtobufReader::float32() {
  expect(fixed32);
  uint32_t bits = 0;
  std::string_view raw = raw_bytes(4);
  for (size_t i = 0; i < 4; ++i) {
    bits |= static_cast<uint32_t>(static_cast<uint8_t>(raw[i])) << 8 * i;
  }
  return std::bit_cast<float>(bits);
}

std::string_view ProtobufReader::bytes() {
  expect(length_delimited);
  return raw_bytes(raw_varint());
}

ProtobufReader ProtobufReader::message() {
  std::string_view inner = bytes();
  return ProtobufReader(inner, place_ + position_ - inner.size());
}

}  // namespace quern::models
