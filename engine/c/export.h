#ifndef QUERN_C_EXPORT_H
#define QUERN_C_EXPORT_H

#include "engine/c/transforms.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Functions in files: engine/transforms/export.h. */

/* A function of arrays by position and by name. */
typedef struct quern_closure_kwargs {
  void* object;
} quern_closure_kwargs;

typedef int (*quern_kwargs_function)(quern_vector_array* out, quern_vector_array args,
                                     quern_map_array kwargs, void* payload);

int quern_closure_kwargs_from(quern_closure_kwargs* out, quern_kwargs_function function,
                              void* payload, void (*destructor)(void* payload));
int quern_closure_kwargs_free(quern_closure_kwargs f);

typedef struct quern_exporter {
  void* object;
} quern_exporter;

/* Records the function for each kind of arguments that it is applied to; closing writes the file.
 * metadata and kwargs are optional. Freeing one that was not closed writes the file too, but cannot
 * say when that fails. */
int quern_exporter_new(quern_exporter* out, const char* file, quern_closure f, bool shapeless,
                       const char* metadata);
int quern_exporter_new_kwargs(quern_exporter* out, const char* file, quern_closure_kwargs f,
                              bool shapeless, const char* metadata);
int quern_exporter_apply(quern_exporter e, quern_vector_array args);
int quern_exporter_apply_kwargs(quern_exporter e, quern_vector_array args, quern_map_array kwargs);
int quern_exporter_close(quern_exporter e);
int quern_exporter_free(quern_exporter e);

/* The same for one kind of arguments. */
int quern_export_function(const char* file, quern_closure f, quern_vector_array args,
                          bool shapeless, const char* metadata);

typedef struct quern_imported_function {
  void* object;
} quern_imported_function;

int quern_import_function(quern_imported_function* out, const char* file);
int quern_imported_function_apply(quern_vector_array* out, quern_imported_function f,
                                  quern_vector_array args);
int quern_imported_function_apply_kwargs(quern_vector_array* out, quern_imported_function f,
                                         quern_vector_array args, quern_map_array kwargs);
int quern_imported_function_metadata(quern_string* out, quern_imported_function f);
/* It as a closure, to transform. */
int quern_closure_from_imported(quern_closure* out, quern_imported_function f);
int quern_imported_function_free(quern_imported_function f);

#ifdef __cplusplus
}
#endif

#endif
