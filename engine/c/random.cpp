#include "engine/c/random.h"

#include "engine/c/adapt.h"
#include "engine/ops/random.h"

using namespace quern::c;

int quern_random_seed(uint64_t seed) {
  return guard([&] { quern::random::seed(seed); });
}
int quern_random_key(quern_array* out, uint64_t seed) {
  return call<quern::random::key>(out, seed);
}
int quern_random_split(quern_array* first, quern_array* second, quern_array key, quern_stream s) {
  return call<OpOfTwo<ArrayIn>(quern::random::split)>(results(first, second), key, s);
}
int quern_random_split_num(quern_array* out, quern_array key, int num, quern_stream s) {
  return call<Op<ArrayIn, int>(quern::random::split)>(out, key, num, s);
}
int quern_random_bits(quern_array* out, const int* shape, size_t ndim, int width, quern_array key,
                      quern_stream s) {
  return call<Op<ShapeIn, int, OptionalIn>(quern::random::bits)>(out, list(shape, ndim), width, key,
                                                                 s);
}
int quern_random_uniform(quern_array* out, quern_array low, quern_array high, const int* shape,
                         size_t ndim, quern_dtype dtype, quern_array key, quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, ShapeIn, Dtype, OptionalIn>(quern::random::uniform)>(
      out, low, high, list(shape, ndim), dtype, key, s);
}
int quern_random_normal(quern_array* out, const int* shape, size_t ndim, quern_dtype dtype,
                        float loc, float scale, quern_array key, quern_stream s) {
  return call<Op<ShapeIn, Dtype, float, float, OptionalIn>(quern::random::normal)>(
      out, list(shape, ndim), dtype, loc, scale, key, s);
}

int quern_random_normal_broadcast(quern_array* out, const int* shape, size_t ndim,
                                  quern_dtype dtype, quern_array loc, quern_array scale,
                                  quern_array key, quern_stream s) {
  return call<Op<ShapeIn, Dtype, OptionalIn, OptionalIn, OptionalIn>(quern::random::normal)>(
      out, list(shape, ndim), dtype, loc, scale, key, s);
}
int quern_random_randint(quern_array* out, quern_array low, quern_array high, const int* shape,
                         size_t ndim, quern_dtype dtype, quern_array key, quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, ShapeIn, Dtype, OptionalIn>(quern::random::randint)>(
      out, low, high, list(shape, ndim), dtype, key, s);
}
int quern_random_bernoulli(quern_array* out, quern_array p, const int* shape, size_t ndim,
                           quern_array key, quern_stream s) {
  return call<Op<ArrayIn, ShapeIn, OptionalIn>(quern::random::bernoulli)>(out, p, list(shape, ndim),
                                                                          key, s);
}
int quern_random_truncated_normal(quern_array* out, quern_array lower, quern_array upper,
                                  const int* shape, size_t ndim, quern_dtype dtype, quern_array key,
                                  quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, ShapeIn, Dtype, OptionalIn>(quern::random::truncated_normal)>(
      out, lower, upper, list(shape, ndim), dtype, key, s);
}
int quern_random_gumbel(quern_array* out, const int* shape, size_t ndim, quern_dtype dtype,
                        quern_array key, quern_stream s) {
  return call<quern::random::gumbel>(out, list(shape, ndim), dtype, key, s);
}
int quern_random_laplace(quern_array* out, const int* shape, size_t ndim, quern_dtype dtype,
                         float loc, float scale, quern_array key, quern_stream s) {
  return call<Op<ShapeIn, Dtype, float, float, OptionalIn>(quern::random::laplace)>(
      out, list(shape, ndim), dtype, loc, scale, key, s);
}
int quern_random_categorical(quern_array* out, quern_array logits, int axis, quern_array key,
                             quern_stream s) {
  return call<Op<ArrayIn, int, OptionalIn>(quern::random::categorical)>(out, logits, axis, key, s);
}
int quern_random_categorical_shape(quern_array* out, quern_array logits, int axis, const int* shape,
                                   size_t ndim, quern_array key, quern_stream s) {
  return call<Op<ArrayIn, int, ShapeIn, OptionalIn>(quern::random::categorical)>(
      out, logits, axis, list(shape, ndim), key, s);
}
int quern_random_categorical_num_samples(quern_array* out, quern_array logits, int axis,
                                         int num_samples, quern_array key, quern_stream s) {
  return call<Op<ArrayIn, int, int, OptionalIn>(quern::random::categorical)>(out, logits, axis,
                                                                             num_samples, key, s);
}
int quern_random_multivariate_normal(quern_array* out, quern_array mean, quern_array cov,
                                     const int* shape, size_t ndim, quern_dtype dtype,
                                     quern_array key, quern_stream s) {
  return call<quern::random::multivariate_normal>(out, mean, cov, list(shape, ndim), dtype, key, s);
}
int quern_random_permutation(quern_array* out, quern_array x, int axis, quern_array key,
                             quern_stream s) {
  return call<Op<ArrayIn, int, OptionalIn>(quern::random::permutation)>(out, x, axis, key, s);
}
int quern_random_permutation_arange(quern_array* out, int x, quern_array key, quern_stream s) {
  return call<Op<int, OptionalIn>(quern::random::permutation)>(out, x, key, s);
}
