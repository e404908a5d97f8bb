#include "engine/array/stream.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/backend/backend.h"
#include "engine/graph/scheduler.h"

namespace quern {

namespace {

struct ThreadDefaults {
  Device device = Device::cpu;
  std::optional<Stream> cpu;
  std::optional<Stream> gpu;

  std::optional<Stream>& stream(Device d) { return d.type == Device::cpu ? cpu : gpu; }
};

ThreadDefaults& thread_defaults() {
  thread_local ThreadDefaults defaults;
  return defaults;
}

void require_available(const Device& d) {
  if (is_available(d)) return;
  throw std::invalid_argument(fmt::format("[device] there is no {} {} here",
                                          d.type == Device::cpu ? "CPU" : "GPU", d.index));
}

}  // namespace

bool operator==(const Device& a, const Device& b) { return a.type == b.type && a.index == b.index; }
bool operator!=(const Device& a, const Device& b) { return !(a == b); }
bool operator==(const Stream& a, const Stream& b) {
  return a.index == b.index && a.device == b.device;
}
bool operator!=(const Stream& a, const Stream& b) { return !(a == b); }

std::ostream& operator<<(std::ostream& os, const Device& d) {
  return os << "Device(" << (d.type == Device::cpu ? "cpu" : "gpu") << ", " << d.index << ")";
}
std::ostream& operator<<(std::ostream& os, const Stream& s) {
  return os << "Stream(" << s.device << ", " << s.index << ")";
}

bool is_available(const Device& d) { return d.index == 0 && find_backend(d.type) != nullptr; }

const Device& default_device() { return thread_defaults().device; }

void set_default_device(const Device& d) {
  require_available(d);
  thread_defaults().device = d;
}

Stream default_stream(Device d) {
  std::optional<Stream>& mine = thread_defaults().stream(d);
  if (!mine) {
    require_available(d);
    mine = Scheduler::instance().default_stream(d);
  }
  return *mine;
}

void set_default_stream(Stream s) { thread_defaults().stream(s.device) = get_stream(s.index); }

Stream new_stream(Device d) {
  require_available(d);
  return Scheduler::instance().new_stream(d);
}

Stream new_stream() { return new_stream(default_device()); }

Stream get_stream(int index) {
  const std::vector<Stream> streams = get_streams();
  if (index < 0 || size_t(index) >= streams.size()) {
    throw std::invalid_argument(
        fmt::format("[get_stream] there is no stream {}; {} exist", index, streams.size()));
  }
  return streams[size_t(index)];
}

std::vector<Stream> get_streams() { return Scheduler::instance().streams(); }

Stream to_stream(StreamOrDevice s) {
  if (const auto* stream = std::get_if<Stream>(&s)) return *stream;
  if (const auto* device = std::get_if<Device>(&s)) return default_stream(*device);
  if (const auto* type = std::get_if<Device::DeviceType>(&s)) return default_stream(Device(*type));
  return default_stream(default_device());
}

StreamContext::StreamContext(StreamOrDevice s)
    : previous_device_(default_device()), previous_stream_(default_stream(to_stream(s).device)) {
  const Stream stream = to_stream(s);
  set_default_device(stream.device);
  set_default_stream(stream);
}

StreamContext::~StreamContext() {
  thread_defaults().stream(previous_stream_.device) = previous_stream_;
  thread_defaults().device = previous_device_;
}

}  // namespace quern
