#pragma once

#include <memory>

#include "engine/c/adapt.h"
#include "engine/c/error.h"

namespace quern::c {

/// A C callback and what it is called with, shared by all copies of a closure.
template <typename Function>
class Callback {
 public:
  Callback(Function function, std::shared_ptr<void> payload)
      : function_(function), payload_(std::move(payload)) {}

  /// Throws std::runtime_error with what the callback says went wrong.
  template <typename... Arguments>
  Arrays operator()(Arguments... arguments) const {
    quern_set_last_error("");
    quern_vector_array out = {nullptr};
    const int failed = function_(&out, arguments..., payload_.get());
    const std::unique_ptr<Arrays> outputs(static_cast<Arrays*>(out.object));
    if (failed) {
      const std::string why = quern_last_error();
      throw std::runtime_error(why.empty() ? "[closure] the callback returned an error" : why);
    }
    if (!outputs) throw std::runtime_error("[closure] the callback gave no outputs");
    return std::move(*outputs);
  }

 private:
  Function function_;
  std::shared_ptr<void> payload_;
};

/// The callback's inputs: handles of arrays that the caller keeps. Callbacks get them to read.
inline quern_vector_array lent(const Arrays& arrays) { return {const_cast<Arrays*>(&arrays)}; }

/// Stores a closure that `wrap` makes of the callback.
template <typename Handle, typename Function, typename Wrap>
int closure_from(Handle* out, Function function, void* payload, void (*destructor)(void*),
                 Wrap&& wrap) noexcept {
  return guard([&] {
    std::shared_ptr<void> owned(payload, [destructor](void* p) {
      if (destructor) destructor(p);
    });
    if (!function) throw std::invalid_argument("[closure] the callback is NULL");
    store(out, Object<Handle>(wrap(Callback<Function>(function, std::move(owned)))));
  });
}

}  // namespace quern::c
