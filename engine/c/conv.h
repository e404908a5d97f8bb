#ifndef QUERN_C_CONV_H
#define QUERN_C_CONV_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Convolutions: engine/ops/conv.h. */

int quern_conv1d(quern_array* out, quern_array input, quern_array weight, int stride, int padding,
                 int dilation, int groups, quern_stream s);
int quern_conv2d(quern_array* out, quern_array input, quern_array weight, const int stride[2],
                 const int padding[2], const int dilation[2], int groups, quern_stream s);
int quern_conv3d(quern_array* out, quern_array input, quern_array weight, const int stride[3],
                 const int padding[3], const int dilation[3], int groups, quern_stream s);
int quern_conv_transpose1d(quern_array* out, quern_array input, quern_array weight, int stride,
                           int padding, int dilation, int output_padding, int groups,
                           quern_stream s);
int quern_conv_transpose2d(quern_array* out, quern_array input, quern_array weight,
                           const int stride[2], const int padding[2], const int dilation[2],
                           const int output_padding[2], int groups, quern_stream s);
int quern_conv_transpose3d(quern_array* out, quern_array input, quern_array weight,
                           const int stride[3], const int padding[3], const int dilation[3],
                           const int output_padding[3], int groups, quern_stream s);

/* Each list has a number per spatial axis, one for all or none for the default. */
int quern_conv_general(quern_array* out, quern_array input, quern_array weight, const int* stride,
                       size_t stride_count, const int* padding_lo, size_t padding_lo_count,
                       const int* padding_hi, size_t padding_hi_count, const int* kernel_dilation,
                       size_t kernel_dilation_count, const int* input_dilation,
                       size_t input_dilation_count, int groups, bool flip, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
