#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/array/array.h"
#include "tests/temporary_folder.h"

namespace quern::tests {

array array_of(const std::vector<double>& values, Shape shape, Dtype dtype = float32);

/// Numbers as they lie in a file, little-endian, one after the other.
template <typename... T>
std::string bytes_of(T... numbers) {
  std::string out;
  (out.append(reinterpret_cast<const char*>(&numbers), sizeof(numbers)), ...);
  return out;
}

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& bytes);

/// The text of the exception that f throws, or "no error".
std::string error_of(const std::function<void()>& f);

/// Writes 1,000 damaged variants of a file (bytes changed, cut off, put in; always the same ones)
/// and lets `load` read each, which may throw what derives from std::exception and nothing else.
/// Loading must not ask for much more memory than such a file can hold.
void expect_survives_damage(const std::string& path, const std::string& good,
                            const std::function<void()>& load);

/// Lets `save` write over the file at `path` while the disk is full (files may not grow past a few
/// bytes), and expects an error that names the file and the reason, the old contents, and nothing
/// else in the folder.
void expect_full_disk_leaves(const std::string& path, const std::function<void()>& save);

}  // namespace quern::tests
