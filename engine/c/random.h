#ifndef QUERN_C_RANDOM_H
#define QUERN_C_RANDOM_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Random numbers: engine/ops/random.h. key is optional: without one, the next of the process is
 * drawn. */

int quern_random_seed(uint64_t seed);
int quern_random_key(quern_array* out, uint64_t seed);
int quern_random_split(quern_array* first, quern_array* second, quern_array key, quern_stream s);
int quern_random_split_num(quern_array* out, quern_array key, int num, quern_stream s);
int quern_random_bits(quern_array* out, const int* shape, size_t ndim, int width, quern_array key,
                      quern_stream s);
int quern_random_uniform(quern_array* out, quern_array low, quern_array high, const int* shape,
                         size_t ndim, quern_dtype dtype, quern_array key, quern_stream s);
int quern_random_normal(quern_array* out, const int* shape, size_t ndim, quern_dtype dtype,
                        float loc, float scale, quern_array key, quern_stream s);

/* loc and scale are optional. */
int quern_random_normal_broadcast(quern_array* out, const int* shape, size_t ndim,
                                  quern_dtype dtype, quern_array loc, quern_array scale,
                                  quern_array key, quern_stream s);
int quern_random_randint(quern_array* out, quern_array low, quern_array high, const int* shape,
                         size_t ndim, quern_dtype dtype, quern_array key, quern_stream s);
int quern_random_bernoulli(quern_array* out, quern_array p, const int* shape, size_t ndim,
                           quern_array key, quern_stream s);
int quern_random_truncated_normal(quern_array* out, quern_array lower, quern_array upper,
                                  const int* shape, size_t ndim, quern_dtype dtype, quern_array key,
                                  quern_stream s);
int quern_random_gumbel(quern_array* out, const int* shape, size_t ndim, quern_dtype dtype,
                        quern_array key, quern_stream s);
int quern_random_laplace(quern_array* out, const int* shape, size_t ndim, quern_dtype dtype,
                         float loc, float scale, quern_array key, quern_stream s);
int quern_random_categorical(quern_array* out, quern_array logits, int axis, quern_array key,
                             quern_stream s);
int quern_random_categorical_shape(quern_array* out, quern_array logits, int axis, const int* shape,
                                   size_t ndim, quern_array key, quern_stream s);
int quern_random_categorical_num_samples(quern_array* out, quern_array logits, int axis,
                                         int num_samples, quern_array key, quern_stream s);
int quern_random_multivariate_normal(quern_array* out, quern_array mean, quern_array cov,
                                     const int* shape, size_t ndim, quern_dtype dtype,
                                     quern_array key, quern_stream s);
int quern_random_permutation(quern_array* out, quern_array x, int axis, quern_array key,
                             quern_stream s);
int quern_random_permutation_arange(quern_array* out, int x, quern_array key, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
