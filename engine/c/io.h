#ifndef QUERN_C_IO_H
#define QUERN_C_IO_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Files of arrays: engine/io/npy.h, npz.h, safetensors.h and gguf.h. */

int quern_save(const char* file, quern_array a);
int quern_load(quern_array* out, const char* file, quern_stream s);

int quern_save_npz(const char* file, quern_map_array arrays, bool compressed);
int quern_load_npz(quern_map_array* out, const char* file, quern_stream s);

/* metadata is optional. */
int quern_save_safetensors(const char* file, quern_map_array arrays, quern_map_string metadata);
int quern_load_safetensors(quern_map_array* arrays, quern_map_string* metadata, const char* file,
                           quern_stream s);

/* A GGUF file's metadata: from names to arrays, texts or lists of texts. */
typedef struct quern_gguf_metadata {
  void* object;
} quern_gguf_metadata;

typedef enum quern_gguf_kind {
  QUERN_GGUF_NONE, /* a value that is none of the others, or no such name */
  QUERN_GGUF_ARRAY,
  QUERN_GGUF_STRING,
  QUERN_GGUF_STRINGS
} quern_gguf_kind;

int quern_gguf_metadata_new(quern_gguf_metadata* out);
int quern_gguf_metadata_names(quern_vector_string* out, quern_gguf_metadata m);
int quern_gguf_metadata_kind(quern_gguf_kind* out, quern_gguf_metadata m, const char* name);
int quern_gguf_metadata_get_array(quern_array* out, quern_gguf_metadata m, const char* name);
int quern_gguf_metadata_get_string(quern_string* out, quern_gguf_metadata m, const char* name);
int quern_gguf_metadata_get_strings(quern_vector_string* out, quern_gguf_metadata m,
                                    const char* name);
int quern_gguf_metadata_set_array(quern_gguf_metadata m, const char* name, quern_array value);
int quern_gguf_metadata_set_string(quern_gguf_metadata m, const char* name, const char* value);
int quern_gguf_metadata_set_strings(quern_gguf_metadata m, const char* name,
                                    quern_vector_string value);
int quern_gguf_metadata_free(quern_gguf_metadata m);

/* metadata is optional. */
int quern_save_gguf(const char* file, quern_map_array arrays, quern_gguf_metadata metadata);
int quern_load_gguf(quern_map_array* arrays, quern_gguf_metadata* metadata, const char* file,
                    quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
