#include "engine/primitives/registry.h"

#include <map>
#include <mutex>

#include "engine/backend/backend.h"

namespace quern {

namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::string, PrimitiveLoader> loaders;
};

Registry& registry() {
  static Registry* instance = new Registry;  // as long as the tables that fill it
  return *instance;
}

}  // namespace

void register_primitive(const char* name, PrimitiveLoader loader) {
  const std::lock_guard lock(registry().mutex);
  registry().loaders.insert_or_assign(name, loader);
}

PrimitiveLoader find_primitive(const std::string& name) {
  find_backend(Device::cpu);  // its table registers them
  const std::lock_guard lock(registry().mutex);
  const auto found = registry().loaders.find(name);
  return found == registry().loaders.end() ? nullptr : found->second;
}

}  // namespace quern
