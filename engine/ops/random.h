#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "engine/array/array.h"

/// Random numbers by the Threefry-2x32 generator (Salmon et al. 2011): functions of a key, so that
/// a result depends on nothing else. Keys are uint32 arrays of shape [2]. The bit streams are those
/// of MLX.
namespace quern::random {

array key(uint64_t seed);

/// Two new keys; or `num` of them, shape [num, 2].
std::pair<array, array> split(const array& key, StreamOrDevice s = {});
array split(const array& key, int num, StreamOrDevice s = {});

/// A sequence of keys: what functions without a key draw from. There is one for the process, seeded
/// from the system's entropy until seed() is called; any thread may use it.
class KeySequence {
 public:
  explicit KeySequence(uint64_t seed);
  static KeySequence& default_();

  void seed(uint64_t seed);
  array next();

 private:
  std::mutex mutex_;
  array key_;
};

void seed(uint64_t seed);

/// Uniform bits as unsigned integers of `width` bytes: 1, 2 or 4.
array bits(const Shape& shape, int width, const std::optional<array>& key = {},
           StreamOrDevice s = {});
array bits(const Shape& shape, const std::optional<array>& key = {}, StreamOrDevice s = {});

/// Uniform in [low, high), which broadcast to the shape. dtype: a real float dtype but float64.
array uniform(const array& low, const array& high, const Shape& shape, Dtype dtype = float32,
              const std::optional<array>& key = {}, StreamOrDevice s = {});
template <typename T, typename U>
requires std::is_arithmetic_v<T> && std::is_arithmetic_v<U> array
uniform(T low, U high, const Shape& shape, Dtype dtype = float32,
        const std::optional<array>& key = {}, StreamOrDevice s = {}) {
  return uniform(array(low), array(high), shape, dtype, key, s);
}
array uniform(const Shape& shape, Dtype dtype, const std::optional<array>& key = {},
              StreamOrDevice s = {});
array uniform(const Shape& shape, const std::optional<array>& key = {}, StreamOrDevice s = {});

/// Normal with mean `loc` and standard deviation `scale`, which broadcast to the shape. A complex64
/// has independent parts whose variances sum to 1.
array normal(const Shape& shape, Dtype dtype, const std::optional<array>& loc,
             const std::optional<array>& scale, const std::optional<array>& key,
             StreamOrDevice s = {});
array normal(const Shape& shape, Dtype dtype, float loc, float scale,
             const std::optional<array>& key = {}, StreamOrDevice s = {});
array normal(const Shape& shape, float loc, float scale, const std::optional<array>& key = {},
             StreamOrDevice s = {});
array normal(const Shape& shape, Dtype dtype, const std::optional<array>& key = {},
             StreamOrDevice s = {});
array normal(const Shape& shape, const std::optional<array>& key = {}, StreamOrDevice s = {});

/// Vectors [.., n] with mean [.., n] and covariance [.., n, n], positive semidefinite; the batch
/// axes of both broadcast to `shape`, which the result's begins with. Computed in float32.
array multivariate_normal(const array& mean, const array& cov, const Shape& shape, Dtype dtype,
                          const std::optional<array>& key = {}, StreamOrDevice s = {});

/// Integers in [low, high), which broadcast to the shape.
array randint(const array& low, const array& high, const Shape& shape, Dtype dtype = int32,
              const std::optional<array>& key = {}, StreamOrDevice s = {});
template <typename T, typename U>
requires std::is_arithmetic_v<T> && std::is_arithmetic_v<U> array
randint(T low, U high, const Shape& shape, Dtype dtype = int32,
        const std::optional<array>& key = {}, StreamOrDevice s = {}) {
  return randint(array(low, dtype), array(high, dtype), shape, dtype, key, s);
}

/// true with probability p.
array bernoulli(const array& p, const Shape& shape, const std::optional<array>& key = {},
                StreamOrDevice s = {});
array bernoulli(const array& p, const std::optional<array>& key = {}, StreamOrDevice s = {});
template <typename T>
requires std::is_arithmetic_v<T> array bernoulli(T p, const Shape& shape,
                                                 const std::optional<array>& key = {},
                                                 StreamOrDevice s = {}) {
  return bernoulli(array(p), shape, key, s);
}
template <typename T>
requires std::is_arithmetic_v<T> array bernoulli(T p, const std::optional<array>& key = {},
                                                 StreamOrDevice s = {}) {
  return bernoulli(array(p), key, s);
}
array bernoulli(const std::optional<array>& key = {}, StreamOrDevice s = {});

/// Standard normal, conditioned on [lower, upper].
array truncated_normal(const array& lower, const array& upper, const Shape& shape,
                       Dtype dtype = float32, const std::optional<array>& key = {},
                       StreamOrDevice s = {});
array truncated_normal(const array& lower, const array& upper, Dtype dtype = float32,
                       const std::optional<array>& key = {}, StreamOrDevice s = {});

array gumbel(const Shape& shape, Dtype dtype = float32, const std::optional<array>& key = {},
             StreamOrDevice s = {});

array laplace(const Shape& shape, Dtype dtype, float loc, float scale,
              const std::optional<array>& key = {}, StreamOrDevice s = {});
array laplace(const Shape& shape, float loc, float scale, const std::optional<array>& key = {},
              StreamOrDevice s = {});
array laplace(const Shape& shape, Dtype dtype, const std::optional<array>& key = {},
              StreamOrDevice s = {});
array laplace(const Shape& shape, const std::optional<array>& key = {}, StreamOrDevice s = {});

/// uint32 indices drawn with probabilities proportional to exp(logits) along the axis: of the other
/// axes' shape; of `shape`, to which they broadcast; or with a last axis of num_samples.
array categorical(const array& logits, int axis, const Shape& shape,
                  const std::optional<array>& key = {}, StreamOrDevice s = {});
array categorical(const array& logits, int axis, int num_samples,
                  const std::optional<array>& key = {}, StreamOrDevice s = {});
array categorical(const array& logits, int axis = -1, const std::optional<array>& key = {},
                  StreamOrDevice s = {});

/// x with an axis in random order; or 0 to x - 1 in random order.
array permutation(const array& x, int axis = 0, const std::optional<array>& key = {},
                  StreamOrDevice s = {});
array permutation(int x, const std::optional<array>& key = {}, StreamOrDevice s = {});

}  // namespace quern::random
