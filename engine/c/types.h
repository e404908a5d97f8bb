#ifndef QUERN_C_TYPES_H
#define QUERN_C_TYPES_H

/* The array engine for C and for whatever calls C. It says what the C++ headers of the same name
 * say; only the conventions are its own:
 *
 * - Every function returns 0, or 1 after an error: then its results are as they were, and
 *   quern_last_error() tells why (error.h).
 * - A handle owns an object, or nothing when it is {0}. A function that gives an object stores it
 *   through its first parameter, in a handle that was {0} or owned another object, which goes.
 *   Every handle that owns something must be freed once, by quern_..._free.
 * - Functions do not take over handles that are passed to them, and lists are copied.
 * - Where a parameter is optional, {0} leaves it out.
 * - Kinds are ints with named values, so that any number may be passed; others than those named are
 *   an error.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  QUERN_BOOL,
  QUERN_UINT8,
  QUERN_UINT16,
  QUERN_UINT32,
  QUERN_UINT64,
  QUERN_INT8,
  QUERN_INT16,
  QUERN_INT32,
  QUERN_INT64,
  QUERN_FLOAT16,
  QUERN_FLOAT32,
  QUERN_FLOAT64,
  QUERN_BFLOAT16,
  QUERN_COMPLEX64
};
typedef int quern_dtype;

typedef struct quern_complex64 {
  float real;
  float imag;
} quern_complex64;

enum { QUERN_CPU, QUERN_GPU };
typedef int quern_device_type;

typedef struct quern_device {
  quern_device_type type;
  int index;
} quern_device;

/* Where an operation runs: a stream that quern_stream_new gave; or, with index -1, the calling
 * thread's default stream of the device. */
typedef struct quern_stream {
  int index;
  quern_device device;
} quern_stream;

/* Handles. */

typedef struct quern_array {
  void* object;
} quern_array;

typedef struct quern_vector_array {
  void* object;
} quern_vector_array;

typedef struct quern_vector_string {
  void* object;
} quern_vector_string;

/* From names to arrays, and from names to texts. */
typedef struct quern_map_array {
  void* object;
} quern_map_array;

typedef struct quern_map_string {
  void* object;
} quern_map_string;

typedef struct quern_string {
  void* object;
} quern_string;

/* A function from arrays to arrays. */
typedef struct quern_closure {
  void* object;
} quern_closure;

/* Values that may be left out: {0}. */

typedef struct quern_optional_int {
  bool has_value;
  int value;
} quern_optional_int;

typedef struct quern_optional_float {
  bool has_value;
  float value;
} quern_optional_float;

typedef struct quern_optional_dtype {
  bool has_value;
  quern_dtype value;
} quern_optional_dtype;

#endif
