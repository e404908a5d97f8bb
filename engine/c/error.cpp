#include "engine/c/error.h"

#include <memory>
#include <mutex>

#include "engine/c/adapt.h"

namespace quern::c {

namespace {

struct Handler {
  void (*call)(const char*, void*) = nullptr;
  std::shared_ptr<void> payload;
};

std::mutex handler_mutex;

Handler& handler() {
  static auto* instance = new Handler;  // never destroyed: threads may outlive static storage
  return *instance;
}

std::string& last_error() {
  thread_local std::string text;
  return text;
}

}  // namespace

int report_exception() noexcept {
  try {
    try {
      throw;
    } catch (const std::exception& e) {
      last_error() = e.what();
    } catch (...) {
      last_error() = "[c] an exception of unknown type";
    }
    Handler current;
    {
      const std::lock_guard lock(handler_mutex);
      current = handler();
    }
    if (current.call) current.call(last_error().c_str(), current.payload.get());
  } catch (...) {
    // No memory for the text: the function still says that it failed.
  }
  return 1;
}

}  // namespace quern::c

using namespace quern::c;

const char* quern_last_error(void) { return last_error().c_str(); }

int quern_set_last_error(const char* message) {
  return guard([&] { last_error() = &quern::c::deref(message); });
}

int quern_set_error_handler(void (*call)(const char* message, void* payload), void* payload,
                            void (*destructor)(void* payload)) {
  return guard([&] {
    Handler next{call, std::shared_ptr<void>(payload, [destructor](void* p) {
                   if (destructor) destructor(p);
                 })};
    const std::lock_guard lock(handler_mutex);
    std::swap(handler(), next);
  });
}
