#pragma once

#include <optional>
#include <ostream>
#include <variant>
#include <vector>

namespace quern {

/// Where an operation runs. Data has no device.
struct Device {
  enum class DeviceType { cpu, gpu };
  static constexpr DeviceType cpu = DeviceType::cpu;
  static constexpr DeviceType gpu = DeviceType::gpu;

  Device(DeviceType type = DeviceType::cpu, int index = 0) : type(type), index(index) {}

  DeviceType type;
  int index;
};

bool operator==(const Device& a, const Device& b);
bool operator!=(const Device& a, const Device& b);
std::ostream& operator<<(std::ostream& os, const Device& d);

/// An ordered queue of operations on a device, with one worker. Streams belong to the process: any
/// thread may use any of them.
struct Stream {
  int index;
  Device device;
};

bool operator==(const Stream& a, const Stream& b);
bool operator!=(const Stream& a, const Stream& b);
std::ostream& operator<<(std::ostream& os, const Stream& s);

/// The device that operations without one run on, for the calling thread.
const Device& default_device();
void set_default_device(const Device& d);
bool is_available(const Device& d);

/// The stream that operations on `d` without one run on, for the calling thread.
Stream default_stream(Device d);
void set_default_stream(Stream s);
Stream new_stream(Device d);
Stream new_stream();
Stream get_stream(int index);
std::vector<Stream> get_streams();

/// Waits until everything that was given to the stream so far has run.
void synchronize(Stream s);
void synchronize();

/// The last parameter of every operation: nothing (the thread's default), a device or a stream.
using StreamOrDevice = std::variant<std::monostate, Stream, Device, Device::DeviceType>;
Stream to_stream(StreamOrDevice s);

/// Makes a stream the default of its device, and its device the default device, for a scope.
struct StreamContext {
  explicit StreamContext(StreamOrDevice s);
  ~StreamContext();
  StreamContext(const StreamContext&) = delete;
  StreamContext& operator=(const StreamContext&) = delete;

 private:
  Device previous_device_;
  Stream previous_stream_;
};

}  // namespace quern
