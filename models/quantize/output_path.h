#pragma once

#include <filesystem>

namespace quern::models {

/// A folder or file that appears whole or not at all: it is made beside its destination, under a
/// name that begins with a dot, and renamed at the end. Without commit() nothing is left behind;
/// what a crash left, the next attempt removes.
class OutputPath {
 public:
  /// Throws ModelError when the destination exists already or its parent folder cannot be made.
  explicit OutputPath(std::filesystem::path destination);
  ~OutputPath();
  OutputPath(const OutputPath&) = delete;
  OutputPath& operator=(const OutputPath&) = delete;

  /// Where to write meanwhile. Nothing is there at first.
  const std::filesystem::path& path() const { return aside_; }
  /// Throws ModelError when there is less room than this for it.
  void require_space(size_t bytes) const;
  /// Throws ModelError when the destination has come into being meanwhile.
  void commit();

 private:
  std::filesystem::path destination_, aside_;
  bool committed_ = false;
};

}  // namespace quern::models
