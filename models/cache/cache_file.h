#pragma once

#include <filesystem>
#include <string>

#include "models/cache/sequence_cache.h"

namespace quern::models {

/// Writes what the model remembers of a sequence, so that another run need not read it again: a
/// safetensors file with the tokens and each layer's state, a version, and the fingerprint of the
/// model. The file appears whole or not at all. Throws ModelError when it cannot be written.
void save_sequence(const std::filesystem::path& file, const SequenceCache& sequence,
                   const std::string& fingerprint);

/// Reads it again. empty: an empty cache of the model. vocab_size: tokens are below it. Throws
/// ModelError: no such file, not such a file, another version, another model, a damaged file.
SequenceCache load_sequence(const std::filesystem::path& file, Cache empty, int vocab_size,
                            const std::string& fingerprint);

}  // namespace quern::models
