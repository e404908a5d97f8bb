#ifndef QUERN_C_CONTAINERS_H
#define QUERN_C_CONTAINERS_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Texts; the characters are valid as long as the handle. */
int quern_string_from(quern_string* out, const char* text);
int quern_string_data(const char** out, quern_string s);
int quern_string_size(size_t* out, quern_string s);
int quern_string_free(quern_string s);

/* Lists of arrays. Elements are other handles of the same arrays. */
int quern_vector_array_new(quern_vector_array* out);
int quern_vector_array_from(quern_vector_array* out, const quern_array* arrays, size_t size);
int quern_vector_array_append(quern_vector_array v, quern_array a);
int quern_vector_array_size(size_t* out, quern_vector_array v);
int quern_vector_array_get(quern_array* out, quern_vector_array v, size_t index);
int quern_vector_array_set(quern_vector_array* out, quern_vector_array from);
int quern_vector_array_free(quern_vector_array v);

/* Lists of texts; the characters are valid until the list changes. */
int quern_vector_string_new(quern_vector_string* out);
int quern_vector_string_append(quern_vector_string v, const char* text);
int quern_vector_string_size(size_t* out, quern_vector_string v);
int quern_vector_string_get(const char** out, quern_vector_string v, size_t index);
int quern_vector_string_free(quern_vector_string v);

/* Maps, ordered by name. Inserting replaces; getting what is not there is an error. */
int quern_map_array_new(quern_map_array* out);
int quern_map_array_insert(quern_map_array m, const char* name, quern_array a);
int quern_map_array_get(quern_array* out, quern_map_array m, const char* name);
int quern_map_array_contains(bool* out, quern_map_array m, const char* name);
int quern_map_array_names(quern_vector_string* out, quern_map_array m);
int quern_map_array_free(quern_map_array m);

int quern_map_string_new(quern_map_string* out);
int quern_map_string_insert(quern_map_string m, const char* name, const char* text);
int quern_map_string_get(quern_string* out, quern_map_string m, const char* name);
int quern_map_string_contains(bool* out, quern_map_string m, const char* name);
int quern_map_string_names(quern_vector_string* out, quern_map_string m);
int quern_map_string_free(quern_map_string m);

#ifdef __cplusplus
}
#endif

#endif
