#pragma once

#include <filesystem>

namespace quern::bench {

/// The folder of a made-up tokenizer as large as those of today's models: byte-level BPE, 128,000
/// pieces, a rule for each piece of several bytes. Made on first use.
std::filesystem::path synthetic_tokenizer();

}  // namespace quern::bench
