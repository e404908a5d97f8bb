#pragma once

#include <optional>
#include <string>

#include "bench/suite/suite.h"
#include "engine/array/shape.h"

namespace quern::bench {

/// NumPy, which computes on one thread, at an expression of x, random float32 numbers of a shape;
/// `setup` makes what else it needs. When the command line asks for it: what has no NumPy is told
/// once.
std::optional<Peer> numpy_peer(Suite& suite, const Shape& shape, double amount,
                               const std::string& expression, const std::string& setup = "");

}  // namespace quern::bench
