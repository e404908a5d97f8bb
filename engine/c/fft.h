#ifndef QUERN_C_FFT_H
#define QUERN_C_FFT_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fourier transforms: engine/ops/fft.h. n: a length per axis. */

enum { QUERN_FFT_BACKWARD, QUERN_FFT_ORTHO, QUERN_FFT_FORWARD };
typedef int quern_fft_norm;

int quern_fft_fft(quern_array* out, quern_array a, int n, int axis, quern_fft_norm norm,
                  quern_stream s);
int quern_fft_fft2(quern_array* out, quern_array a, const int* n, const int* axes,
                   size_t axes_count, quern_fft_norm norm, quern_stream s);
int quern_fft_fftn(quern_array* out, quern_array a, const int* n, const int* axes,
                   size_t axes_count, quern_fft_norm norm, quern_stream s);
int quern_fft_ifft(quern_array* out, quern_array a, int n, int axis, quern_fft_norm norm,
                   quern_stream s);
int quern_fft_ifft2(quern_array* out, quern_array a, const int* n, const int* axes,
                    size_t axes_count, quern_fft_norm norm, quern_stream s);
int quern_fft_ifftn(quern_array* out, quern_array a, const int* n, const int* axes,
                    size_t axes_count, quern_fft_norm norm, quern_stream s);
int quern_fft_rfft(quern_array* out, quern_array a, int n, int axis, quern_fft_norm norm,
                   quern_stream s);
int quern_fft_rfft2(quern_array* out, quern_array a, const int* n, const int* axes,
                    size_t axes_count, quern_fft_norm norm, quern_stream s);
int quern_fft_rfftn(quern_array* out, quern_array a, const int* n, const int* axes,
                    size_t axes_count, quern_fft_norm norm, quern_stream s);
int quern_fft_irfft(quern_array* out, quern_array a, int n, int axis, quern_fft_norm norm,
                    quern_stream s);
int quern_fft_irfft2(quern_array* out, quern_array a, const int* n, const int* axes,
                     size_t axes_count, quern_fft_norm norm, quern_stream s);
int quern_fft_irfftn(quern_array* out, quern_array a, const int* n, const int* axes,
                     size_t axes_count, quern_fft_norm norm, quern_stream s);

/* Frequencies, and where 0 lies among them. */
int quern_fft_fftfreq(quern_array* out, int n, double d, quern_stream s);
int quern_fft_rfftfreq(quern_array* out, int n, double d, quern_stream s);
int quern_fft_fftshift(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                       quern_stream s);
int quern_fft_ifftshift(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                        quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
