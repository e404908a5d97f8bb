#pragma once

#include <cstdint>
#include <string_view>

namespace quern::models {

/// Walks once through the fields of a protocol-buffers message (protobuf.dev, "Encoding").
///
/// The bytes must outlive the reader. Every function throws FormatError, naming the byte, when they
/// end too early or the field has another wire type.
class ProtobufReader {
 public:
  /// `place` is where the message begins in its file.
  explicit ProtobufReader(std::string_view bytes, size_t place = 0)
      : bytes_(bytes), place_(place) {}

  /// Steps to the next field; false at the end. What was not read of the last one is passed over.
  bool next();

  /// Of the current field.
  uint64_t number() const { return number_; }

  uint64_t varint();
  float float32();
  std::string_view bytes();
  ProtobufReader message();

 private:
  enum WireType : uint64_t { varint_type = 0, fixed64 = 1, length_delimited = 2, fixed32 = 5 };

  uint64_t raw_varint();
  std::string_view raw_bytes(uint64_t count);
  void expect(WireType type);
  void skip();
  [[noreturn]] void fail(std::string_view what) const;

  std::string_view bytes_;
  size_t place_;
  size_t position_ = 0;
  uint64_t number_ = 0;
  uint64_t type_ = 0;
  bool pending_ = false;  // the current field's value was not read
};

}  // namespace quern::models
