#pragma once

#include <memory>
#include <string>

#include "engine/array/array.h"
#include "engine/io/byte_reader.h"
#include "engine/io/streams.h"

namespace quern {

// NumPy's .npy files, one array each. All dtypes: bfloat16 is stored as MLX and ml_dtypes store it,
// as "<V2", plain bytes that NumPy alone cannot compute with.

/// Evaluates and writes an array; ".npy" is added to a file name without it. The file appears whole
/// or not at all. Throws std::runtime_error, naming the file and the reason, when it cannot be
/// written.
void save(std::string file, array a);

/// The same at a writer's position.
void save(std::shared_ptr<io::Writer> out, array a);

/// Versions 1 to 3, in C or Fortran order, of either byte order. The file is memory-mapped: nothing
/// is read before it is used, but for big-endian elements, which are converted at once. Throws
/// std::runtime_error, naming the file, what is wrong and where: a damaged file, objects,
/// structures, strings, times, and numbers wider than any dtype's.
array load(const std::string& file, StreamOrDevice s = {});
/// The same from a reader's position on, at once.
array load(std::shared_ptr<io::Reader> in, StreamOrDevice s = {});

/// The header of an array as a .npy file has it before the elements, which are row-major. Its
/// length is a multiple of 64.
std::string npy_header(const array& a);

/// The array that a .npy file's bytes hold.
array read_npy(ByteReader bytes, StreamOrDevice s);

}  // namespace quern
