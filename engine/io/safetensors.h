#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/array/array.h"
#include "engine/io/streams.h"

namespace quern {

class ByteSink;
class MappedFile;

/// A safetensors file, open for reading. The file is memory-mapped: the arrays share its pages, and
/// nothing of them is read before it is used.
///
/// Types: BOOL, U8 to U64, I8 to I64, F16, BF16, F32, F64, C64; F8_E4M3, F8_E5M2 and F8_E8M0 as
/// uint8.
class SafetensorsFile {
 public:
  struct Tensor {
    std::string stored_type;  ///< as the file names it
    Dtype dtype;
    Shape shape;
    size_t offset;  ///< bytes from the start of the file
    size_t nbytes;
  };

  /// Checks the whole header. Throws std::runtime_error, `[safetensors] FILE: ...`, with the
  /// tensor, the field and its value: a header longer than the file or than 100 MB, bad JSON, an
  /// unknown type, a shape that does not match its bytes, bytes outside the file.
  explicit SafetensorsFile(const std::filesystem::path& path);
  /// The same of bytes in memory; `path` is what messages call them.
  SafetensorsFile(std::shared_ptr<Buffer> buffer, size_t size, std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, Tensor>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// A tensor that lies misaligned in the file is copied when it is first computed with. Throws
  /// std::out_of_range when there is no such tensor.
  array load(const std::string& name) const;

 private:
  SafetensorsFile(const MappedFile& file, const std::filesystem::path& path);

  std::filesystem::path path_;
  std::shared_ptr<Buffer> buffer_;
  std::map<std::string, Tensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// Writes a safetensors file tensor by tensor, so that never more than one needs to be in memory.
class SafetensorsWriter {
 public:
  struct Tensor {
    std::string name;
    Dtype dtype;
    Shape shape;

    size_t nbytes() const { return element_count(shape) * dtype.size(); }
  };

  /// Writes the header. The tensors lie in this order: those of wide elements first are all
  /// aligned. Throws std::invalid_argument for names that the format has no room for, and what the
  /// sink throws.
  SafetensorsWriter(ByteSink& out, const std::vector<Tensor>& tensors,
                    const std::unordered_map<std::string, std::string>& metadata = {});

  /// The next tensor, evaluated here.
  void write(const array& next);

 private:
  ByteSink& out_;
};

using SafetensorsLoad =
    std::pair<std::unordered_map<std::string, array>, std::unordered_map<std::string, std::string>>;

/// All tensors of a file and its metadata.
SafetensorsLoad load_safetensors(const std::string& file, StreamOrDevice s = {});
/// The same from a reader's position on, at once.
SafetensorsLoad load_safetensors(std::shared_ptr<io::Reader> in, StreamOrDevice s = {});

/// Evaluates and writes the arrays, by name; ".safetensors" is added to a file name without it. One
/// array after the other is computed, written and let go, so that those which nobody else holds
/// need not fit into memory together. The file appears whole or not at all. Throws
/// std::runtime_error, naming the file and the reason, when it cannot be written, and
/// std::invalid_argument for names that the format has no room for.
void save_safetensors(std::string file, std::unordered_map<std::string, array> arrays,
                      std::unordered_map<std::string, std::string> metadata = {});
/// The same at a writer's position.
void save_safetensors(std::shared_ptr<io::Writer> out,
                      std::unordered_map<std::string, array> arrays,
                      std::unordered_map<std::string, std::string> metadata = {});

}  // namespace quern
