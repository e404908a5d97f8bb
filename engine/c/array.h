#ifndef QUERN_C_ARRAY_H
#define QUERN_C_ARRAY_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Making arrays. Scalars: */
int quern_array_from_bool(quern_array* out, bool value);
int quern_array_from_int(quern_array* out, int value);
int quern_array_from_float(quern_array* out, float value);
int quern_array_from_double(quern_array* out, double value, quern_dtype dtype);
int quern_array_from_complex64(quern_array* out, quern_complex64 value);

/* Row-major elements, which are copied. */
int quern_array_from_data(quern_array* out, const void* data, const int* shape, size_t ndim,
                          quern_dtype dtype);
/* Elements that are not copied and must not change: `destructor`, if any, gets `payload` when the
 * last array over them is gone, or at once after an error. */
int quern_array_from_borrowed_data(quern_array* out, void* data, const int* shape, size_t ndim,
                                   quern_dtype dtype, void* payload,
                                   void (*destructor)(void* payload));
/* Another handle of the same array. */
int quern_array_set(quern_array* out, quern_array from);
int quern_array_free(quern_array a);

/* What is known before an array is computed. The shape is valid as long as the array. */
int quern_array_dtype(quern_dtype* out, quern_array a);
int quern_array_ndim(size_t* out, quern_array a);
int quern_array_size(size_t* out, quern_array a);
int quern_array_itemsize(size_t* out, quern_array a);
int quern_array_nbytes(size_t* out, quern_array a);
int quern_array_shape(const int** out, quern_array a);
int quern_array_dim(int* out, quern_array a, int axis);

/* Computing. */
int quern_array_eval(quern_array a);
int quern_array_wait(quern_array a);
int quern_array_is_available(bool* out, quern_array a);
int quern_eval(quern_vector_array arrays);
int quern_async_eval(quern_vector_array arrays);

/* The only element of an array of size 1, converted. Evaluates. Half types as their bits. */
int quern_array_item_bool(bool* out, quern_array a);
int quern_array_item_uint8(uint8_t* out, quern_array a);
int quern_array_item_uint16(uint16_t* out, quern_array a);
int quern_array_item_uint32(uint32_t* out, quern_array a);
int quern_array_item_uint64(uint64_t* out, quern_array a);
int quern_array_item_int8(int8_t* out, quern_array a);
int quern_array_item_int16(int16_t* out, quern_array a);
int quern_array_item_int32(int32_t* out, quern_array a);
int quern_array_item_int64(int64_t* out, quern_array a);
int quern_array_item_float16(uint16_t* out, quern_array a);
int quern_array_item_bfloat16(uint16_t* out, quern_array a);
int quern_array_item_float32(float* out, quern_array a);
int quern_array_item_float64(double* out, quern_array a);
int quern_array_item_complex64(quern_complex64* out, quern_array a);

/* All elements. Evaluate. quern_array_copy_to writes nbytes of them, row-major; the others give
 * where the first one lies and, in elements, how far apart neighbours of each axis are: valid as
 * long as the array. */
int quern_array_copy_to(void* out, size_t nbytes, quern_array a);
int quern_array_data(const void** out, quern_array a);
int quern_array_strides(const int64_t** out, quern_array a);

/* As quern::operator<< prints it, and with how many digits (-1: six). */
int quern_array_to_string(quern_string* out, quern_array a);
int quern_set_print_precision(int precision);

/* dtypes. */
int quern_dtype_size(size_t* out, quern_dtype dtype);
int quern_dtype_name(const char** out, quern_dtype dtype);
int quern_promote_types(quern_dtype* out, quern_dtype a, quern_dtype b);
int quern_finfo(double* min, double* max, double* eps, quern_dtype dtype);
int quern_iinfo(int64_t* min, uint64_t* max, quern_dtype dtype);

#ifdef __cplusplus
}
#endif

#endif
