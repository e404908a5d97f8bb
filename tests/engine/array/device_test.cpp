#include "engine/array/device.h"

#include <gtest/gtest.h>

namespace quern::tests {
namespace {

TEST(Device, TheProcessorIsKnown) {
  EXPECT_EQ(device_count(Device::cpu), 1);
  EXPECT_TRUE(cpu::is_available());
  const auto& info = device_info(Device::cpu);
  EXPECT_GT(std::get<size_t>(info.at("memory_size")), size_t(1) << 28);
  EXPECT_GE(std::get<size_t>(info.at("threads")), 1u);
  EXPECT_FALSE(std::get<std::string>(info.at("architecture")).empty());
}

TEST(Device, WhatThereIsNotIsSaid) {
  EXPECT_THROW(device_info(Device(Device::cpu, 3)), std::invalid_argument);
  EXPECT_EQ(gpu::device_count() > 0, gpu::is_available());
}

}  // namespace
}  // namespace quern::tests
