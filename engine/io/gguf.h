#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "engine/array/array.h"

namespace quern {

// GGUF files (ggml's docs/gguf.md, versions 2 and 3, little-endian).

/// A value of the metadata: numbers and truth values as an array, 0-d or 1-d, of their own dtype;
/// std::monostate for what these cannot say, arrays of arrays.
using GGUFMetaData = std::variant<std::monostate, array, std::string, std::vector<std::string>>;

using GGUFLoad = std::pair<std::unordered_map<std::string, array>,
                           std::unordered_map<std::string, GGUFMetaData>>;

/// All tensors of a file and its metadata. Axes are turned round, so that rows are row-major.
///
/// F32, F16, BF16, F64, I8, I16, I32 and I64 share the memory-mapped file. Q4_0, Q4_1 and Q8_0
/// become quantized weights of mode "affine" in groups of 32: X.weight with X.scales and X.biases
/// (a name NAME that does not end in ".weight" gets NAME.scales and NAME.biases). Other block types
/// are dequantized to float16.
///
/// Throws std::runtime_error, naming file and tensor or key, for a damaged file, and for the types
/// that are decoded by a code book: IQ1, IQ2 and IQ3.
GGUFLoad load_gguf(const std::string& file, StreamOrDevice s = {});

/// Evaluates and writes the arrays, one after the other: each is let go when it has been written.
/// ".gguf" is added to a file name without it. dtypes: those that load_gguf shares. Metadata arrays
/// are 0-d or 1-d and of any dtype but complex64; half types are written as float32. The metadata
/// "general.alignment" is obeyed. The file appears whole or not at all.
///
/// Throws std::invalid_argument, naming tensor or key, for what the format cannot say, and
/// std::runtime_error, naming the file and the reason, when it cannot be written.
void save_gguf(std::string file, std::unordered_map<std::string, array> arrays,
               std::unordered_map<std::string, GGUFMetaData> metadata = {});

}  // namespace quern
