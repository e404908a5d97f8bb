#include "engine/array/device.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "engine/backend/backend.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern {

namespace {

using Info = std::unordered_map<std::string, std::variant<std::string, size_t>>;

/// As the kernel names it; empty where it does not.
std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return {};
}

Info processor_info() {
  utsname system{};
  uname(&system);
  return {{"device_name", processor_name()},
          {"architecture", std::string(system.machine)},
          {"memory_size", size_t(sysconf(_SC_PHYS_PAGES)) * size_t(sysconf(_SC_PAGE_SIZE))},
          {"threads", size_t(cpu::ThreadPool::instance().size())}};
}

}  // namespace

int device_count(Device::DeviceType type) { return find_backend(type) ? 1 : 0; }

const Info& device_info(const Device& device) {
  if (device.type != Device::cpu || device.index != 0) {
    throw std::invalid_argument(fmt::format("[device_info] there is no {} device {}",
                                            device.type == Device::cpu ? "cpu" : "gpu",
                                            device.index));
  }
  static const Info info = processor_info();
  return info;
}

}  // namespace quern
