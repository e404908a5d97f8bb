#include "engine/nn/random_scope.h"

#include "engine/ops/random.h"

namespace quern::nn {

namespace {
thread_local RandomScope* innermost = nullptr;
}

RandomScope::RandomScope(array key) : key_(std::move(key)), outer_(innermost) { innermost = this; }

RandomScope::~RandomScope() { innermost = outer_; }

array RandomScope::next_key() {
  if (!innermost) return random::KeySequence::default_().next();
  auto [rest, next] = random::split(innermost->key_);
  innermost->key_ = rest;
  return next;
}

}  // namespace quern::nn
