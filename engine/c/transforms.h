#ifndef QUERN_C_TRANSFORMS_H
#define QUERN_C_TRANSFORMS_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Functions of functions: engine/transforms/transforms.h and compile.h.
 *
 * A callback returns 0, or anything else after an error, which its caller then reports; what it may
 * say about it, it says by quern_set_last_error. It may be called on any thread, until
 * `destructor`, if there is one, has been called with `payload`: when the last closure that was
 * made from it is gone, or at once when making the first one failed. Handles that a callback is
 * given as inputs are its caller's; it sets `out` as any function of this interface does. */

/* What value_and_grad gives, and the parts of custom_function. */
typedef struct quern_closure_value_and_grad {
  void* object;
} quern_closure_value_and_grad;

typedef struct quern_closure_vjp {
  void* object;
} quern_closure_vjp;

typedef struct quern_closure_jvp {
  void* object;
} quern_closure_jvp;

typedef struct quern_closure_vmap {
  void* object;
} quern_closure_vmap;

typedef int (*quern_function)(quern_vector_array* out, quern_vector_array inputs, void* payload);
typedef int (*quern_vjp_function)(quern_vector_array* out, quern_vector_array primals,
                                  quern_vector_array cotangents, quern_vector_array outputs,
                                  void* payload);
/* The tangents are those of the primals with these numbers. */
typedef int (*quern_jvp_function)(quern_vector_array* out, quern_vector_array primals,
                                  quern_vector_array tangents, const int* argnums,
                                  size_t argnums_count, void* payload);
/* axes: one per input, -1 for none. out_axes has room for max_outputs numbers, of which one per
 * output is to be written. */
typedef int (*quern_vmap_function)(quern_vector_array* out, int* out_axes, size_t max_outputs,
                                   quern_vector_array inputs, const int* axes, size_t axes_count,
                                   void* payload);

int quern_closure_from(quern_closure* out, quern_function function, void* payload,
                       void (*destructor)(void* payload));
int quern_closure_apply(quern_vector_array* out, quern_closure f, quern_vector_array inputs);
int quern_closure_free(quern_closure f);

int quern_closure_value_and_grad_apply(quern_vector_array* values, quern_vector_array* gradients,
                                       quern_closure_value_and_grad f, quern_vector_array inputs);
int quern_closure_value_and_grad_free(quern_closure_value_and_grad f);

int quern_closure_vjp_from(quern_closure_vjp* out, quern_vjp_function function, void* payload,
                           void (*destructor)(void* payload));
int quern_closure_vjp_free(quern_closure_vjp f);
int quern_closure_jvp_from(quern_closure_jvp* out, quern_jvp_function function, void* payload,
                           void (*destructor)(void* payload));
int quern_closure_jvp_free(quern_closure_jvp f);
int quern_closure_vmap_from(quern_closure_vmap* out, quern_vmap_function function, void* payload,
                            void (*destructor)(void* payload));
int quern_closure_vmap_free(quern_closure_vmap f);

/* Outputs of f at the primals, and gradients or tangents. */
int quern_vjp(quern_vector_array* outputs, quern_vector_array* gradients, quern_closure f,
              quern_vector_array primals, quern_vector_array cotangents);
int quern_jvp(quern_vector_array* outputs, quern_vector_array* output_tangents, quern_closure f,
              quern_vector_array primals, quern_vector_array tangents);

int quern_value_and_grad(quern_closure_value_and_grad* out, quern_closure f, const int* argnums,
                         size_t argnums_count);
/* Gradients of the first output alone. */
int quern_grad(quern_closure* out, quern_closure f, const int* argnums, size_t argnums_count);
/* No axes at all mean 0 for all. */
int quern_vmap(quern_closure* out, quern_closure f, const int* in_axes, size_t in_axes_count,
               const int* out_axes, size_t out_axes_count);
/* vjp, jvp and vmap are optional. */
int quern_custom_function(quern_closure* out, quern_closure f, quern_closure_vjp vjp,
                          quern_closure_jvp jvp, quern_closure_vmap vmap);
int quern_custom_vjp(quern_closure* out, quern_closure f, quern_closure_vjp vjp);
int quern_checkpoint(quern_closure* out, quern_closure f);

enum {
  QUERN_COMPILE_DISABLED,
  QUERN_COMPILE_NO_SIMPLIFY,
  QUERN_COMPILE_NO_FUSE,
  QUERN_COMPILE_ENABLED
};
typedef int quern_compile_mode;

int quern_compile(quern_closure* out, quern_closure f, bool shapeless);
int quern_set_compile_mode(quern_compile_mode mode);

#ifdef __cplusplus
}
#endif

#endif
