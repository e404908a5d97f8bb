#include "engine/graph/trace.h"

namespace quern {

namespace {
thread_local int traces = 0;
thread_local int recordings = 0;
thread_local int any_shape_recordings = 0;
}  // namespace

Trace::Trace(Kind kind) : level_(++traces), kind_(kind) {
  recordings += kind == Kind::record || kind == Kind::record_any_shape;
  any_shape_recordings += kind == Kind::record_any_shape;
}

Trace::~Trace() {
  --traces;
  recordings -= kind_ == Kind::record || kind_ == Kind::record_any_shape;
  any_shape_recordings -= kind_ == Kind::record_any_shape;
}

int Trace::depth() { return traces; }
bool Trace::recording() { return recordings > 0; }
bool Trace::any_shape() { return any_shape_recordings > 0; }

}  // namespace quern
