#include "engine/c/conv.h"

#include "engine/c/adapt.h"
#include "engine/ops/conv.h"

using namespace quern::c;

int quern_conv1d(quern_array* out, quern_array input, quern_array weight, int stride, int padding,
                 int dilation, int groups, quern_stream s) {
  return call<quern::conv1d>(out, input, weight, stride, padding, dilation, groups, s);
}
int quern_conv2d(quern_array* out, quern_array input, quern_array weight, const int stride[2],
                 const int padding[2], const int dilation[2], int groups, quern_stream s) {
  return call<quern::conv2d>(out, input, weight, list(stride, 2), list(padding, 2),
                             list(dilation, 2), groups, s);
}
int quern_conv3d(quern_array* out, quern_array input, quern_array weight, const int stride[3],
                 const int padding[3], const int dilation[3], int groups, quern_stream s) {
  return call<quern::conv3d>(out, input, weight, list(stride, 3), list(padding, 3),
                             list(dilation, 3), groups, s);
}
int quern_conv_transpose1d(quern_array* out, quern_array input, quern_array weight, int stride,
                           int padding, int dilation, int output_padding, int groups,
                           quern_stream s) {
  return call<quern::conv_transpose1d>(out, input, weight, stride, padding, dilation,
                                       output_padding, groups, s);
}
int quern_conv_transpose2d(quern_array* out, quern_array input, quern_array weight,
                           const int stride[2], const int padding[2], const int dilation[2],
                           const int output_padding[2], int groups, quern_stream s) {
  return call<quern::conv_transpose2d>(out, input, weight, list(stride, 2), list(padding, 2),
                                       list(dilation, 2), list(output_padding, 2), groups, s);
}
int quern_conv_transpose3d(quern_array* out, quern_array input, quern_array weight,
                           const int stride[3], const int padding[3], const int dilation[3],
                           const int output_padding[3], int groups, quern_stream s) {
  return call<quern::conv_transpose3d>(out, input, weight, list(stride, 3), list(padding, 3),
                                       list(dilation, 3), list(output_padding, 3), groups, s);
}

int quern_conv_general(quern_array* out, quern_array input, quern_array weight, const int* stride,
                       size_t stride_count, const int* padding_lo, size_t padding_lo_count,
                       const int* padding_hi, size_t padding_hi_count, const int* kernel_dilation,
                       size_t kernel_dilation_count, const int* input_dilation,
                       size_t input_dilation_count, int groups, bool flip, quern_stream s) {
  return call<Op<array, array, std::vector<int>, std::vector<int>, std::vector<int>,
                 std::vector<int>, std::vector<int>, int, bool>(quern::conv_general)>(
      out, input, weight, list(stride, stride_count), list(padding_lo, padding_lo_count),
      list(padding_hi, padding_hi_count), list(kernel_dilation, kernel_dilation_count),
      list(input_dilation, input_dilation_count), groups, flip, s);
}
