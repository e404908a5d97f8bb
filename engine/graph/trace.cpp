#include "engine/graph/trace.h"

namespace quern {

namespace {
thread_local int traces = 0;
thread_local int any_shape_traces = 0;
}  // namespace

Trace::Trace(Kind kind) : level_(++traces), any_shape_(kind == Kind::any_shape) {
  any_shape_traces += any_shape_;
}

Trace::~Trace() {
  --traces;
  any_shape_traces -= any_shape_;
}

int Trace::depth() { return traces; }
bool Trace::any_shape() { return any_shape_traces > 0; }

}  // namespace quern
