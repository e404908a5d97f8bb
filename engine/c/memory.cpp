#include "engine/c/memory.h"

#include "engine/c/adapt.h"
#include "engine/memory/memory.h"

using namespace quern::c;

namespace {

int set(size_t (*setter)(size_t), size_t* previous, size_t limit) {
  return guard([&] {
    const size_t before = setter(limit);
    if (previous) *previous = before;
  });
}

}  // namespace

int quern_get_active_memory(size_t* out) { return call<quern::get_active_memory>(out); }
int quern_get_peak_memory(size_t* out) { return call<quern::get_peak_memory>(out); }
int quern_reset_peak_memory(void) { return guard(quern::reset_peak_memory); }
int quern_get_cache_memory(size_t* out) { return call<quern::get_cache_memory>(out); }
int quern_get_memory_limit(size_t* out) { return call<quern::get_memory_limit>(out); }
int quern_set_memory_limit(size_t* previous, size_t limit) {
  return set(quern::set_memory_limit, previous, limit);
}
int quern_set_cache_limit(size_t* previous, size_t limit) {
  return set(quern::set_cache_limit, previous, limit);
}
int quern_set_wired_limit(size_t* previous, size_t limit) {
  return set(quern::set_wired_limit, previous, limit);
}
int quern_clear_cache(void) { return guard(quern::clear_cache); }
