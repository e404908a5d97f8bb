#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// A discrete Fourier transform of length n along an axis, times `scale`. Sequences that are longer
/// are cut off, shorter ones have zeros behind them.
class FourierTransform : public Primitive {
 public:
  FourierTransform(Stream s, int axis, int n, double scale)
      : Primitive(s), axis(axis), n(n), scale(scale) {}
  auto state() const { return std::tie(axis, n, scale); }
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;

  const int axis;  ///< not negative
  const int n;     ///< positive
  const double scale;

 protected:
  /// The length of the output along the axis.
  virtual int output_length() const { return n; }
  /// The same transform along another axis.
  virtual std::shared_ptr<const Primitive> along(int other) const = 0;
};

/// complex64 to complex64: sum_j x_j exp(-2 pi i j k / n), or with + when inverse.
class FFT final : public PrimitiveOf<FFT, FourierTransform> {
 public:
  FFT(Stream s, int axis, int n, double scale, bool inverse)
      : PrimitiveOf(s, axis, n, scale), inverse(inverse) {}
  static constexpr const char* type_name = "FFT";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  auto state() const { return std::tie(axis, n, scale, inverse); }

  const bool inverse;

 protected:
  std::shared_ptr<const Primitive> along(int other) const override {
    return make_pooled<FFT>(stream(), other, n, scale, inverse);
  }
};

/// float32 to the first n / 2 + 1 elements, complex64, of its transform: the others are conjugate.
class RFFT final : public PrimitiveOf<RFFT, FourierTransform> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "RFFT";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;

 protected:
  int output_length() const override { return n / 2 + 1; }
  std::shared_ptr<const Primitive> along(int other) const override {
    return make_pooled<RFFT>(stream(), other, n, scale);
  }
};

/// The first n / 2 + 1 elements, complex64, to the n real ones, float32, of the inverse transform
/// of what they and their conjugates make. The imaginary parts of the first and, for even n, of the
/// last are not read.
class IRFFT final : public PrimitiveOf<IRFFT, FourierTransform> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "IRFFT";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;

 protected:
  std::shared_ptr<const Primitive> along(int other) const override {
    return make_pooled<IRFFT>(stream(), other, n, scale);
  }
};

}  // namespace quern
