#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/io/byte_reader.h"
#include "engine/io/gguf.h"
#include "engine/io/gguf_blocks.h"

namespace quern {

/// A GGUF file's header, all numbers of which have been checked.
class GGUFFile {
 public:
  struct Tensor {
    const GGUFType* type;
    Shape shape;    ///< row-major: the file's lengths turned round
    size_t offset;  ///< bytes from the start of the file
    size_t nbytes;
  };

  /// Throws std::runtime_error, naming the key or tensor and the numbers.
  explicit GGUFFile(ByteReader file);

  const std::map<std::string, Tensor>& tensors() const { return tensors_; }
  const std::map<std::string, GGUFMetaData>& metadata() const { return metadata_; }
  const ByteReader& bytes() const { return file_; }

 private:
  std::string string(const char* what);
  GGUFMetaData value(uint32_t type, const std::string& key);
  GGUFMetaData list(const std::string& key);
  array numbers(Shape shape, Dtype dtype, std::string_view bytes, const std::string& key) const;
  void skip(uint32_t type, uint64_t count, int depth, const std::string& key);
  size_t read_alignment() const;
  Tensor tensor(const std::string& name);

  ByteReader file_;
  std::map<std::string, Tensor> tensors_;
  std::map<std::string, GGUFMetaData> metadata_;
};

// What both reading and writing need.

namespace gguf {

constexpr std::string_view magic = "GGUF";
constexpr uint32_t version = 3;
constexpr size_t default_alignment = 32;
constexpr size_t max_alignment = size_t(1) << 20;
constexpr const char* alignment_key = "general.alignment";
inline bool is_alignment(size_t n) { return n != 0 && n % 8 == 0 && n <= max_alignment; }

/// Types of metadata: numbers in the format's order.
enum Value : uint32_t {
  uint8_value,
  int8_value,
  uint16_value,
  int16_value,
  uint32_value,
  int32_value,
  float32_value,
  bool_value,
  string_value,
  array_value,
  uint64_value,
  int64_value,
  float64_value,
};

/// The dtype of a kind of number; nothing for strings, arrays and what is none.
std::optional<Dtype> dtype_of_value(uint32_t type);
std::optional<uint32_t> value_of_dtype(Dtype dtype);

}  // namespace gguf

}  // namespace quern
