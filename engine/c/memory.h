#ifndef QUERN_C_MEMORY_H
#define QUERN_C_MEMORY_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Memory of arrays, in bytes: engine/memory/memory.h. Setters give the previous limit, to where
 * `previous` points unless it is NULL. */
int quern_get_active_memory(size_t* out);
int quern_get_peak_memory(size_t* out);
int quern_reset_peak_memory(void);
int quern_get_cache_memory(size_t* out);
int quern_get_memory_limit(size_t* out);
int quern_set_memory_limit(size_t* previous, size_t limit);
int quern_set_cache_limit(size_t* previous, size_t limit);
int quern_set_wired_limit(size_t* previous, size_t limit);
int quern_clear_cache(void);

#ifdef __cplusplus
}
#endif

#endif
