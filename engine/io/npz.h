#pragma once

#include <string>
#include <unordered_map>

#include "engine/array/array.h"

namespace quern {

// NumPy's .npz files: zip archives of one .npy file per array.

/// Evaluates and writes the arrays, one after the other: each is let go when it has been written.
/// ".npz" is added to a file name without it. The file appears whole or not at all. Throws
/// std::runtime_error, naming the file and the reason, when it cannot be written.
void save_npz(std::string file, std::unordered_map<std::string, array> arrays,
              bool compressed = false);

/// All arrays of a file, by name without ".npy"; other entries are left out. Arrays that are not
/// compressed share the mapped file, but all checksums are verified at once. Throws
/// std::runtime_error, naming file and entry, for a damaged file.
std::unordered_map<std::string, array> load_npz(const std::string& file, StreamOrDevice s = {});

}  // namespace quern
