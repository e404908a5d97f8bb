#include "engine/ops/fft.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <stdexcept>

#include "engine/ops/cast.h"
#include "engine/ops/reduce_axes.h"
#include "engine/ops/shape.h"
#include "engine/primitives/fft.h"

namespace quern::fft {

namespace {

enum class Kind { complex, to_complex, to_real };

/// The factor of a transform of length n.
double scale_of(FFTNorm norm, bool inverse, int n) {
  if (norm == FFTNorm::Ortho) return 1 / std::sqrt(double(n));
  return inverse == (norm == FFTNorm::Backward) ? 1.0 / n : 1.0;
}

template <typename P, typename... Parameters>
array node(const array& a, int axis, int length, Dtype dtype, StreamOrDevice s,
           Parameters... parameters) {
  Shape shape = a.shape();
  shape[size_t(axis)] = length;
  return array(std::move(shape), dtype, make_pooled<P>(to_stream(s), axis, parameters...), {a});
}

/// What a family of functions is called, and which one of it.
struct Transform {
  const char* where;
  Kind kind;
  bool inverse;
  FFTNorm norm;

  array along(const array& a, int axis, int n, StreamOrDevice s) const {
    return node<FFT>(astype(a, complex64, s), axis, n, complex64, s, n, scale_of(norm, inverse, n),
                     inverse);
  }
  array to_complex(const array& a, int axis, int n, StreamOrDevice s) const {
    return node<RFFT>(astype(a, float32, s), axis, n / 2 + 1, complex64, s, n,
                      scale_of(norm, inverse, n));
  }
  array to_real(const array& a, int axis, int n, StreamOrDevice s) const {
    return node<IRFFT>(astype(a, complex64, s), axis, n, float32, s, n, scale_of(norm, inverse, n));
  }

  /// The real side, if there is one, is along the last of the axes: the first to be transformed on
  /// the way to complex, the last on the way back.
  array operator()(const array& a, const std::optional<Shape>& given,
                   const std::vector<int>& given_axes, StreamOrDevice s) const {
    const std::vector<int> axes = checked_axes(a, given_axes);
    const Shape n = lengths(a, given, axes);
    if (axes.empty()) return a;
    array out = a;
    size_t left = axes.size();
    if (kind != Kind::complex) --left;
    if (kind == Kind::to_complex) out = to_complex(out, axes[left], n[left], s);
    for (size_t i = left; i-- > 0;) out = along(out, axes[i], n[i], s);
    if (kind == Kind::to_real) out = to_real(out, axes[left], n[left], s);
    return out;
  }

  std::vector<int> checked_axes(const array& a, std::vector<int> axes) const {
    if (a.ndim() == 0)
      throw std::invalid_argument(fmt::format("[{}] needs at least 1 axis, got a scalar", where));
    sorted_axes(a, axes, where);  // throws for one that is out of range or repeated
    for (int& axis : axes) axis = normalize_axis(axis, int(a.ndim()), where);
    return axes;
  }

  Shape lengths(const array& a, const std::optional<Shape>& given,
                const std::vector<int>& axes) const {
    if (given && given->size() != axes.size()) {
      throw std::invalid_argument(
          fmt::format("[{}] got {} lengths for {} axes", where, given->size(), axes.size()));
    }
    Shape n;
    for (size_t i = 0; i < axes.size(); ++i) {
      n.push_back(given ? (*given)[i] : a.shape(axes[i]));
      const bool real = kind == Kind::to_real && i + 1 == axes.size();
      if (real && !given) n[i] = std::max(0, 2 * (n[i] - 1));
      if (n[i] <= 0) {
        throw std::invalid_argument(
            fmt::format("[{}] cannot transform to length {} along axis {} of {}", where, n[i],
                        axes[i], to_string(a.shape())));
      }
    }
    return n;
  }
};

Transform forward(FFTNorm norm) { return {"fft::fftn", Kind::complex, false, norm}; }
Transform backward(FFTNorm norm) { return {"fft::ifftn", Kind::complex, true, norm}; }
Transform real_forward(FFTNorm norm) { return {"fft::rfftn", Kind::to_complex, false, norm}; }
Transform real_backward(FFTNorm norm) { return {"fft::irfftn", Kind::to_real, true, norm}; }

/// The elements moved around by `shift_of(length)` along each axis.
array rolled(const array& a, const std::vector<int>& axes, int (*shift_of)(int), const char* where,
             StreamOrDevice s) {
  array out = a;
  for (const int axis : sorted_axes(a, axes, where)) {
    const int length = a.shape(axis);
    if (length < 2) continue;
    const std::vector<array> parts = split(out, Shape{length - shift_of(length)}, axis, s);
    out = concatenate({parts[1], parts[0]}, axis, s);
  }
  return out;
}

void require_samples(int n, const char* where) {
  if (n <= 0)
    throw std::invalid_argument(fmt::format("[{}] needs at least 1 sample, got {}", where, n));
}

}  // namespace

array fftn(const array& a, const Shape& n, const std::vector<int>& axes, FFTNorm norm,
           StreamOrDevice s) {
  return forward(norm)(a, n, axes, s);
}
array fftn(const array& a, const std::vector<int>& axes, FFTNorm norm, StreamOrDevice s) {
  return forward(norm)(a, std::nullopt, axes, s);
}
array fftn(const array& a, FFTNorm norm, StreamOrDevice s) {
  return forward(norm)(a, std::nullopt, all_axes(a), s);
}
array ifftn(const array& a, const Shape& n, const std::vector<int>& axes, FFTNorm norm,
            StreamOrDevice s) {
  return backward(norm)(a, n, axes, s);
}
array ifftn(const array& a, const std::vector<int>& axes, FFTNorm norm, StreamOrDevice s) {
  return backward(norm)(a, std::nullopt, axes, s);
}
array ifftn(const array& a, FFTNorm norm, StreamOrDevice s) {
  return backward(norm)(a, std::nullopt, all_axes(a), s);
}
array rfftn(const array& a, const Shape& n, const std::vector<int>& axes, FFTNorm norm,
            StreamOrDevice s) {
  return real_forward(norm)(a, n, axes, s);
}
array rfftn(const array& a, const std::vector<int>& axes, FFTNorm norm, StreamOrDevice s) {
  return real_forward(norm)(a, std::nullopt, axes, s);
}
array rfftn(const array& a, FFTNorm norm, StreamOrDevice s) {
  return real_forward(norm)(a, std::nullopt, all_axes(a), s);
}
array irfftn(const array& a, const Shape& n, const std::vector<int>& axes, FFTNorm norm,
             StreamOrDevice s) {
  return real_backward(norm)(a, n, axes, s);
}
array irfftn(const array& a, const std::vector<int>& axes, FFTNorm norm, StreamOrDevice s) {
  return real_backward(norm)(a, std::nullopt, axes, s);
}
array irfftn(const array& a, FFTNorm norm, StreamOrDevice s) {
  return real_backward(norm)(a, std::nullopt, all_axes(a), s);
}

array fftfreq(int n, double d, StreamOrDevice) {
  require_samples(n, "fft::fftfreq");
  std::vector<float> frequencies;
  for (int i = 0; i < n; ++i)
    frequencies.push_back(float((i <= (n - 1) / 2 ? i : i - n) / (n * d)));
  return array(frequencies.begin(), Shape{n});
}

array rfftfreq(int n, double d, StreamOrDevice) {
  require_samples(n, "fft::rfftfreq");
  std::vector<float> frequencies;
  for (int i = 0; i <= n / 2; ++i) frequencies.push_back(float(i / (n * d)));
  return array(frequencies.begin(), Shape{n / 2 + 1});
}

array fftshift(const array& a, const std::vector<int>& axes, StreamOrDevice s) {
  return rolled(
      a, axes, [](int n) { return n / 2; }, "fft::fftshift", s);
}
array fftshift(const array& a, StreamOrDevice s) { return fftshift(a, all_axes(a), s); }
array ifftshift(const array& a, const std::vector<int>& axes, StreamOrDevice s) {
  return rolled(
      a, axes, [](int n) { return n - n / 2; }, "fft::ifftshift", s);
}
array ifftshift(const array& a, StreamOrDevice s) { return ifftshift(a, all_axes(a), s); }

}  // namespace quern::fft
