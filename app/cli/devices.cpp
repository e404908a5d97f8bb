#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hwy/targets.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/verb.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cli {

namespace {

/// The value of the first line "KEY ...: VALUE" of a file under /proc; empty when there is none.
std::string proc_field(const char* file, std::string_view key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const size_t colon = line.find(':');
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    if (colon != std::string::npos && begin != std::string::npos) return line.substr(begin);
  }
  return {};
}

std::string cpu_name() {
  for (const char* key : {"model name", "Model", "Hardware"}) {
    if (std::string name = proc_field("/proc/cpuinfo", key); !name.empty()) return name;
  }
  return "CPU";
}

/// Those that the kernels were compiled for and this processor has, the best one first.
std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  const int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;
  for (int64_t left = usable; left != 0; left &= left - 1) {
    const int64_t target = left & -left;
    if (target != HWY_SCALAR && target != HWY_EMU128) names.push_back(hwy::TargetName(target));
  }
  return names;
}

uint64_t total_memory() {
  return uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGE_SIZE));
}

uint64_t available_memory() {
  const std::string kilobytes = proc_field("/proc/meminfo", "MemAvailable");
  return kilobytes.empty() ? 0 : std::stoull(kilobytes) * 1024;
}

int run(Output& output) {
  const std::string name = cpu_name();
  const int cores = cpu::ThreadPool::instance().size();
  const auto sets = instruction_sets();
  if (output.json()) {
    output.object({{"device", "cpu"},
                   {"name", name},
                   {"physical_cores", cores},
                   {"instruction_sets", sets},
                   {"memory", total_memory()},
                   {"available_memory", available_memory()}});
    return done;
  }
  output.text(fmt::format("cpu  {}\n", name));
  output.text(fmt::format("     {} physical cores; {}\n", cores, fmt::join(sets, ", ")));
  output.text(fmt::format("     {:.1f} GB of memory, {:.1f} GB available\n",
                          double(total_memory()) / 1e9, double(available_memory()) / 1e9));
  return done;
}

}  // namespace

Action add_devices(CLI::App&) { return run; }

}  // namespace quern::cli
