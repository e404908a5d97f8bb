#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/array/array.h"

namespace quern::models {

/// Which keys a query may look at, as fast::scaled_dot_product_attention takes it.
struct AttentionMask {
  std::string mode;           ///< "", "causal" or "array"
  std::optional<array> keep;  ///< bool [T, S]
};

/// The masks of one step through the decoder: layers of the same kind share theirs.
class AttentionMasks {
 public:
  /// The last `queries` of `keys` tokens, of which each sees itself and those before it.
  struct Request {
    int queries, keys;
    int offset = 0;                  ///< position of the first query
    std::optional<int> window = {};  ///< tokens that each sees in all
    std::optional<int> chunk = {};   ///< each sees only those with the same position / chunk

    bool operator==(const Request&) const = default;
  };

  const AttentionMask& mask(const Request& request);

 private:
  std::vector<std::pair<Request, AttentionMask>> made_;
};

}  // namespace quern::models
