#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <variant>

#include "engine/array/stream.h"

namespace quern {

/// How many devices of a type this build and machine have.
int device_count(Device::DeviceType type);

/// What is known of a device: "device_name" (text), "architecture" (text), "memory_size" (bytes),
/// and for the CPU "threads" (that kernels use). Throws std::invalid_argument when there is no such
/// device.
const std::unordered_map<std::string, std::variant<std::string, size_t>>& device_info(
    const Device& device = default_device());

namespace cpu {
inline bool is_available() { return true; }
inline int device_count() { return quern::device_count(Device::cpu); }
}  // namespace cpu

namespace gpu {
inline bool is_available() { return quern::is_available(Device::gpu); }
inline int device_count() { return quern::device_count(Device::gpu); }
}  // namespace gpu

}  // namespace quern
