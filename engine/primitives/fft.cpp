#include "engine/primitives/fft.h"

#include <algorithm>
#include <vector>

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/shape.h"

namespace quern {

namespace {

/// A node of transform P whose output has this length along the axis.
template <typename P, typename... Parameters>
array transformed(const array& a, Dtype dtype, int axis, int length, const Stream& stream,
                  Parameters... parameters) {
  Shape shape = a.shape();
  shape[size_t(axis)] = length;
  return array(std::move(shape), dtype, make_pooled<P>(stream, axis, parameters...), {a});
}

/// Cut off, or with zeros behind, so that the axis has this length: the transposed of what the
/// transforms do to their input.
array fit_length(const array& a, int axis, int length) {
  const int has = a.shape(axis);
  if (has == length) return a;
  Shape stop = a.shape();
  if (has > length) {
    stop[size_t(axis)] = length;
    return slice(a, Shape(a.ndim(), 0), stop);
  }
  stop[size_t(axis)] = length - has;
  return concatenate({a, zeros(stop, a.dtype())}, axis);
}

/// Elements 0 and, for even n, n / 2 stand for themselves, the others for their conjugates too:
/// n / 2 + 1 weights along the axis, 1 and `other`.
array conjugate_weights(int n, float other, int axis, size_t ndim) {
  std::vector<float> weights(size_t(n / 2 + 1), other);
  weights.front() = 1;
  if (n % 2 == 0) weights.back() = 1;
  Shape shape(ndim, 1);
  shape[size_t(axis)] = int(weights.size());
  return array(weights.begin(), shape);
}

}  // namespace

std::vector<Shape> FourierTransform::output_shapes(const Arrays& inputs) const {
  Shape shape = inputs[0].shape();
  shape[size_t(axis)] = output_length();
  return {std::move(shape)};
}

Arrays FourierTransform::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                             const Arrays& outputs) const {
  return {array(outputs[0].shape(), outputs[0].dtype(), shared_from_this(), tangents)};
}

Batched FourierTransform::vmap(const Arrays& inputs, const std::vector<int>& axes,
                               const Arrays& outputs) const {
  const int shifted = axis + (axes[0] <= axis);
  Shape shape = inputs[0].shape();
  shape[size_t(shifted)] = output_length();
  return {{array(std::move(shape), outputs[0].dtype(), along(shifted), inputs)}, axes};
}

Arrays FFT::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                const Arrays&) const {
  const array gradient =
      transformed<FFT>(cotangents[0], complex64, axis, n, stream(), n, scale, !inverse);
  return {fit_length(gradient, axis, primals[0].shape(axis))};
}

Arrays RFFT::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                 const Arrays&) const {
  const array& c = cotangents[0];
  const array halved = multiply(c, conjugate_weights(n, 0.5f, axis, c.ndim()));
  const array gradient = transformed<IRFFT>(halved, float32, axis, n, stream(), n, scale);
  return {fit_length(gradient, axis, primals[0].shape(axis))};
}

Arrays IRFFT::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                  const Arrays&) const {
  const array gradient =
      transformed<RFFT>(cotangents[0], complex64, axis, n / 2 + 1, stream(), n, scale);
  const array doubled = multiply(gradient, conjugate_weights(n, 2, axis, gradient.ndim()));
  return {fit_length(doubled, axis, primals[0].shape(axis))};
}

}  // namespace quern
