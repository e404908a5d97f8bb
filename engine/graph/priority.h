#pragma once

#include "engine/array/stream.h"

namespace quern {

/// How urgent the work of a stream is, and of a thread.
enum class Priority {
  normal,
  background,  ///< gives way to all else: runs on what processors would idle otherwise
};

/// The stream of a device for work that nobody waits for, a training beside a chat: its operations
/// use all processors as long as no operation of another stream wants them, and let go of them
/// within microseconds when one does. One for the process; the default of a thread that says
///
///     StreamContext background(background_stream(default_device()));
Stream background_stream(Device d);

/// The calling thread's.
Priority thread_priority();

/// Gives the calling thread the lowest priority that the system has, for good: a process without
/// privileges cannot take it back. What the system refuses is left as it is.
void enter_background();

}  // namespace quern
