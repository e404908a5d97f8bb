#pragma once

#include <filesystem>
#include <vector>

#include "engine/io/gguf_file.h"
#include "models/config/quantization_config.h"
#include "models/weights/gguf/gguf_metadata.h"
#include "models/weights/weights.h"

namespace quern::models {

/// A GGUF file, or all files that a model was split into (NAME-00001-of-00003.gguf). Opening reads
/// headers only: tensors of plain numbers share the mapped file, blocks are repacked, into our
/// quantized weights of the same values, when a weight is first used.
class GgufCheckpoint {
 public:
  /// Any file of a split model will do. Throws ModelError: a file that is missing (all are named),
  /// damaged, or from another split; a tensor in two files.
  static GgufCheckpoint open(const std::filesystem::path& file);

  const GgufMetadata& metadata() const { return metadata_; }  ///< of the first file
  std::vector<std::string> names() const;
  /// nullptr when there is no such tensor.
  const GGUFFile::Tensor* find(const std::string& name) const;

  /// Adds a tensor as NAME, or as PATH.weight, PATH.scales and (mode affine) PATH.biases when it is
  /// of blocks and NAME ends with ".weight"; says in `quantization` how. Throws ModelError for
  /// block types that a code book decodes.
  void add_to(Weights& weights, QuantizationConfig& quantization, const std::string& tensor,
              const std::string& name) const;

 private:
  explicit GgufCheckpoint(GgufMetadata metadata) : metadata_(std::move(metadata)) {}
  void add(const std::filesystem::path& file, GGUFFile opened);

  GgufMetadata metadata_;
  std::vector<GGUFFile> files_;
  std::map<std::string, size_t> file_of_;  ///< tensor name to its place in files_
};

}  // namespace quern::models
