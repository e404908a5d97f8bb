#ifndef QUERN_C_ERROR_H
#define QUERN_C_ERROR_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Why the last function that failed on the calling thread did: "[op] what, with the numbers"; an
 * empty text when none has. Valid until the next one fails on this thread. */
const char* quern_last_error(void);

/* Calls `handler` with the text of every error from now on, on the thread it happens on, before the
 * function returns; NULL calls nothing. `destructor`, if any, gets `payload` when the handler is
 * replaced. */
int quern_set_error_handler(void (*handler)(const char* message, void* payload), void* payload,
                            void (*destructor)(void* payload));

/* Makes a callback's failure say why: what quern_last_error() then returns. */
int quern_set_last_error(const char* message);

#ifdef __cplusplus
}
#endif

#endif
