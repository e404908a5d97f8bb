#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/array/shape.h"
#include "engine/io/atomic_file.h"
#include "engine/io/gguf.h"
#include "engine/io/gguf_blocks.h"

namespace quern {

/// Writes a GGUF file tensor by tensor, so that never more than one needs to be in memory. The file
/// appears whole, at commit(), or not at all.
class GGUFWriter {
 public:
  struct Tensor {
    std::string name;
    const GGUFType* type;
    Shape shape;  ///< row-major; the last length is a multiple of the type's block

    size_t nbytes() const;
  };

  /// Throws std::invalid_argument, naming the key, for metadata that the format cannot say, and
  /// std::runtime_error when the file cannot be written.
  GGUFWriter(const std::filesystem::path& file, const std::map<std::string, GGUFMetaData>& metadata,
             std::vector<Tensor> tensors);

  /// The bytes of the next tensor, in the order of the constructor: nbytes() of them.
  void write(const void* bytes);
  /// After the last tensor.
  void commit();

 private:
  std::vector<Tensor> tensors_;
  size_t next_ = 0;
  size_t alignment_;
  AtomicFile out_;
};

}  // namespace quern
