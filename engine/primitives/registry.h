#pragma once

#include <memory>
#include <string>

#include "engine/array/stream.h"

namespace quern {

class Primitive;
class StateReader;

/// Makes a primitive again from what Primitive::save wrote.
using PrimitiveLoader = std::shared_ptr<const Primitive> (*)(const Stream&, StateReader&);

/// Makes a primitive known by name to those who read exported functions. A backend's table does it
/// for every primitive that it has a kernel for.
void register_primitive(const char* name, PrimitiveLoader loader);

/// nullptr when no primitive has that name.
PrimitiveLoader find_primitive(const std::string& name);

}  // namespace quern
