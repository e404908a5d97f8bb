#pragma once

#include <optional>

#include "bench/models/synthetic_checkpoint.h"
#include "bench/suite/suite.h"

namespace quern::bench {

/// llama.cpp with a GGUF model of the same shape whose weights take about as many bits, when the
/// command line names a way to run it: tokens in a second of reading a prompt (generated: 0), or of
/// writing (prompt: 0) behind `depth` others.
std::optional<Peer> llama_peer(const Options& options, const ModelShape& shape,
                               const StoredAs& stored, int prompt, int generated, int depth);

}  // namespace quern::bench
