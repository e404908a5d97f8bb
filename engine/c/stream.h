#ifndef QUERN_C_STREAM_H
#define QUERN_C_STREAM_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What operations take when it does not matter where they run: the calling thread's default stream
 * of the device, of its default device. */
quern_stream quern_stream_of(quern_device_type device);
quern_stream quern_stream_default(void);

int quern_stream_new(quern_stream* out, quern_device device);
int quern_stream_set_default(quern_stream stream);
/* Waits until all that was given to the stream so far has run. */
int quern_synchronize(quern_stream stream);

int quern_device_default(quern_device* out);
int quern_device_set_default(quern_device device);
int quern_device_is_available(bool* out, quern_device device);

#ifdef __cplusplus
}
#endif

#endif
