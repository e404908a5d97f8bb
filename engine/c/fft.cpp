#include "engine/c/fft.h"

#include <fmt/format.h>

#include "engine/c/adapt.h"
#include "engine/ops/fft.h"

namespace quern::fft {

/// Found by the namespace of what it makes.
static FFTNorm to(std::type_identity<FFTNorm>, quern_fft_norm norm) {
  if (norm < QUERN_FFT_BACKWARD || norm > QUERN_FFT_FORWARD) {
    throw std::invalid_argument(fmt::format("[fft] {} is no norm", norm));
  }
  return FFTNorm(norm);
}

}  // namespace quern::fft

using quern::fft::FFTNorm;

using namespace quern::c;

int quern_fft_fft(quern_array* out, quern_array a, int n, int axis, quern_fft_norm norm,
                  quern_stream s) {
  return call<Op<ArrayIn, int, int, FFTNorm>(quern::fft::fft)>(out, a, n, axis, norm, s);
}
int quern_fft_fft2(quern_array* out, quern_array a, const int* n, const int* axes,
                   size_t axes_count, quern_fft_norm norm, quern_stream s) {
  return call<Op<ArrayIn, ShapeIn, AxesIn, FFTNorm>(quern::fft::fft2)>(
      out, a, list(n, axes_count), list(axes, axes_count), norm, s);
}
int quern_fft_fftn(quern_array* out, quern_array a, const int* n, const int* axes,
                   size_t axes_count, quern_fft_norm norm, quern_stream s) {
  return call<Op<ArrayIn, ShapeIn, AxesIn, FFTNorm>(quern::fft::fftn)>(
      out, a, list(n, axes_count), list(axes, axes_count), norm, s);
}
int quern_fft_ifft(quern_array* out, quern_array a, int n, int axis, quern_fft_norm norm,
                   quern_stream s) {
  return call<Op<ArrayIn, int, int, FFTNorm>(quern::fft::ifft)>(out, a, n, axis, norm, s);
}
int quern_fft_ifft2(quern_array* out, quern_array a, const int* n, const int* axes,
                    size_t axes_count, quern_fft_norm norm, quern_stream s) {
  return call<Op<ArrayIn, ShapeIn, AxesIn, FFTNorm>(quern::fft::ifft2)>(
      out, a, list(n, axes_count), list(axes, axes_count), norm, s);
}
int quern_fft_ifftn(quern_array* out, quern_array a, const int* n, const int* axes,
                    size_t axes_count, quern_fft_norm norm, quern_stream s) {
  return call<Op<ArrayIn, ShapeIn, AxesIn, FFTNorm>(quern::fft::ifftn)>(
      out, a, list(n, axes_count), list(axes, axes_count), norm, s);
}
int quern_fft_rfft(quern_array* out, quern_array a, int n, int axis, quern_fft_norm norm,
                   quern_stream s) {
  return call<Op<ArrayIn, int, int, FFTNorm>(quern::fft::rfft)>(out, a, n, axis, norm, s);
}
int quern_fft_rfft2(quern_array* out, quern_array a, const int* n, const int* axes,
                    size_t axes_count, quern_fft_norm norm, quern_stream s) {
  return call<Op<ArrayIn, ShapeIn, AxesIn, FFTNorm>(quern::fft::rfft2)>(
      out, a, list(n, axes_count), list(axes, axes_count), norm, s);
}
int quern_fft_rfftn(quern_array* out, quern_array a, const int* n, const int* axes,
                    size_t axes_count, quern_fft_norm norm, quern_stream s) {
  return call<Op<ArrayIn, ShapeIn, AxesIn, FFTNorm>(quern::fft::rfftn)>(
      out, a, list(n, axes_count), list(axes, axes_count), norm, s);
}
int quern_fft_irfft(quern_array* out, quern_array a, int n, int axis, quern_fft_norm norm,
                    quern_stream s) {
  return call<Op<ArrayIn, int, int, FFTNorm>(quern::fft::irfft)>(out, a, n, axis, norm, s);
}
int quern_fft_irfft2(quern_array* out, quern_array a, const int* n, const int* axes,
                     size_t axes_count, quern_fft_norm norm, quern_stream s) {
  return call<Op<ArrayIn, ShapeIn, AxesIn, FFTNorm>(quern::fft::irfft2)>(
      out, a, list(n, axes_count), list(axes, axes_count), norm, s);
}
int quern_fft_irfftn(quern_array* out, quern_array a, const int* n, const int* axes,
                     size_t axes_count, quern_fft_norm norm, quern_stream s) {
  return call<Op<ArrayIn, ShapeIn, AxesIn, FFTNorm>(quern::fft::irfftn)>(
      out, a, list(n, axes_count), list(axes, axes_count), norm, s);
}

int quern_fft_fftfreq(quern_array* out, int n, double d, quern_stream s) {
  return call<quern::fft::fftfreq>(out, n, d, s);
}
int quern_fft_rfftfreq(quern_array* out, int n, double d, quern_stream s) {
  return call<quern::fft::rfftfreq>(out, n, d, s);
}
int quern_fft_fftshift(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                       quern_stream s) {
  return call<Op<ArrayIn, AxesIn>(quern::fft::fftshift)>(out, a, list(axes, axes_count), s);
}
int quern_fft_ifftshift(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                        quern_stream s) {
  return call<Op<ArrayIn, AxesIn>(quern::fft::ifftshift)>(out, a, list(axes, axes_count), s);
}
