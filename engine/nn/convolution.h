#pragma once

#include "engine/nn/module.h"
#include "engine/nn/sizes.h"

namespace quern::nn {

// Parameters: weight [out, kernel..., in / groups], uniform in +-1 / sqrt(in * kernel size), and
// bias [out], zeros. x: [N, spatial..., in] -> [N, spatial..., out].

/// What the layers below share: quern::conv_general and a bias.
class Convolution : public Layer {
 public:
  array operator()(const array& x) override;

  Parameter weight;
  std::optional<Parameter> bias;

 protected:
  /// One number per spatial axis each; name: for errors. Throws std::invalid_argument unless groups
  /// divides in_channels.
  Convolution(const char* name, int in_channels, int out_channels,
              const std::vector<int>& kernel_size, std::vector<int> stride,
              std::vector<int> padding, std::vector<int> dilation, int groups, bool bias);

 private:
  std::vector<int> stride_, padding_, dilation_;
  int groups_;
};

class Conv1d final : public Convolution {
 public:
  Conv1d(int in_channels, int out_channels, int kernel_size, int stride = 1, int padding = 0,
         int dilation = 1, int groups = 1, bool bias = true);
};

class Conv2d final : public Convolution {
 public:
  Conv2d(int in_channels, int out_channels, Sizes<2> kernel_size, Sizes<2> stride = 1,
         Sizes<2> padding = 0, Sizes<2> dilation = 1, int groups = 1, bool bias = true);
};

class Conv3d final : public Convolution {
 public:
  Conv3d(int in_channels, int out_channels, Sizes<3> kernel_size, Sizes<3> stride = 1,
         Sizes<3> padding = 0, Sizes<3> dilation = 1, bool bias = true);
};

/// What the layers below share: quern::conv_transpose1d to 3d and a bias.
class TransposedConvolution : public Layer {
 public:
  array operator()(const array& x) override;

  Parameter weight;
  std::optional<Parameter> bias;

 protected:
  TransposedConvolution(int in_channels, int out_channels, const std::vector<int>& kernel_size,
                        std::vector<int> stride, std::vector<int> padding,
                        std::vector<int> dilation, std::vector<int> output_padding, bool bias);

 private:
  array convolved(const array& x) const;

  std::vector<int> stride_, padding_, dilation_, output_padding_;
};

class ConvTranspose1d final : public TransposedConvolution {
 public:
  ConvTranspose1d(int in_channels, int out_channels, int kernel_size, int stride = 1,
                  int padding = 0, int dilation = 1, int output_padding = 0, bool bias = true);
};

class ConvTranspose2d final : public TransposedConvolution {
 public:
  ConvTranspose2d(int in_channels, int out_channels, Sizes<2> kernel_size, Sizes<2> stride = 1,
                  Sizes<2> padding = 0, Sizes<2> dilation = 1, Sizes<2> output_padding = 0,
                  bool bias = true);
};

class ConvTranspose3d final : public TransposedConvolution {
 public:
  ConvTranspose3d(int in_channels, int out_channels, Sizes<3> kernel_size, Sizes<3> stride = 1,
                  Sizes<3> padding = 0, Sizes<3> dilation = 1, Sizes<3> output_padding = 0,
                  bool bias = true);
};

}  // namespace quern::nn
