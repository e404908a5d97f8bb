#include "engine/c/stream.h"

#include <fmt/format.h>

#include "engine/c/adapt.h"

namespace quern::c {

Dtype to(std::type_identity<Dtype>, quern_dtype dtype) {
  if (dtype < 0 || dtype >= number_of_dtypes) {
    throw std::invalid_argument(fmt::format("[c] {} is no dtype", dtype));
  }
  static_assert(int(Dtype::Val::complex64) == QUERN_COMPLEX64);
  static_assert(int(Dtype::Val::bfloat16) == QUERN_BFLOAT16);
  static_assert(int(Dtype::Val::int8) == QUERN_INT8);
  return to_dtype(Dtype::Val(dtype));
}

Device to(std::type_identity<Device>, quern_device device) {
  if (device.type != QUERN_CPU && device.type != QUERN_GPU) {
    throw std::invalid_argument(fmt::format("[c] {} is no kind of device", device.type));
  }
  return {device.type == QUERN_CPU ? Device::cpu : Device::gpu, device.index};
}

StreamOrDevice to(std::type_identity<StreamOrDevice>, quern_stream stream) {
  if (stream.index < 0) return to(std::type_identity<Device>(), stream.device);
  return get_stream(stream.index);
}

quern_dtype from(Dtype dtype) { return quern_dtype(dtype.val); }
quern_device from(Device device) {
  return {device.type == Device::cpu ? QUERN_CPU : QUERN_GPU, device.index};
}
quern_stream from(Stream stream) { return {stream.index, from(stream.device)}; }

}  // namespace quern::c

using namespace quern::c;

namespace {
quern::Device device_of(quern_device d) { return to(std::type_identity<quern::Device>(), d); }
quern::Stream stream_of(quern_stream s) {
  return quern::to_stream(to(std::type_identity<quern::StreamOrDevice>(), s));
}
}  // namespace

quern_stream quern_stream_of(quern_device_type device) { return {-1, {device, 0}}; }
quern_stream quern_stream_default(void) { return {-1, from(quern::default_device())}; }

int quern_stream_new(quern_stream* out, quern_device device) {
  return guard([&] { deref(out) = from(quern::new_stream(device_of(device))); });
}
int quern_stream_set_default(quern_stream stream) {
  return guard([&] { quern::set_default_stream(stream_of(stream)); });
}
int quern_synchronize(quern_stream stream) {
  return guard([&] { quern::synchronize(stream_of(stream)); });
}

int quern_device_default(quern_device* out) {
  return guard([&] { deref(out) = from(quern::default_device()); });
}
int quern_device_set_default(quern_device device) {
  return guard([&] { quern::set_default_device(device_of(device)); });
}
int quern_device_is_available(bool* out, quern_device device) {
  return guard([&] { deref(out) = quern::is_available(device_of(device)); });
}
