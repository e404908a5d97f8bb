#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/io/safetensors.h"
#include "models/weights/weights.h"

namespace quern::models {

/// The tensors of a model folder, by name. Opening reads headers only: the files are memory-mapped,
/// and an array's bytes come in when it is first computed with.
class Checkpoint {
 public:
  using Tensor = SafetensorsFile::Tensor;

  /// Opens model.safetensors, else the shards that model.safetensors.index.json names, else all
  /// model*.safetensors. Throws ModelError: none of these, a shard that is missing (all are named)
  /// or damaged, a tensor that the index promises and its shard lacks, a tensor in two shards, one
  /// of e5m2 floats; and for PyTorch's pickles, which are programs rather than data.
  static Checkpoint open(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  std::vector<std::string> names() const;
  /// None when there is no such tensor.
  const Tensor* find(const std::string& name) const;
  /// Throws std::out_of_range when there is no such tensor.
  array load(const std::string& name) const;
  /// All tensors.
  Weights weights() const;

 private:
  void add(const std::filesystem::path& file);

  std::filesystem::path folder_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, size_t> file_of_;  ///< tensor name to its place in files_
};

}  // namespace quern::models
