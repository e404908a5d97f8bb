#include "engine/primitives/indexed_matmul.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/primitives/batch.h"

namespace quern {

namespace {

array turned(const array& a) { return swapaxes(a, -1, -2); }

/// The transpose of the conjugate: what a product's gradients have for its factors.
array adjoint(const array& a) { return turned(conjugate(a)); }

template <typename P, typename... Parameters>
array node(Arrays inputs, Parameters... parameters) {
  const auto primitive = make_pooled<P>(to_stream({}), parameters...);
  Shape shape = primitive->output_shapes(inputs)[0];
  const Dtype dtype = inputs[0].dtype();
  return array(std::move(shape), dtype, primitive, std::move(inputs));
}

/// The tangent of a product that is linear in each of its first two inputs.
array bilinear_tangent(const Primitive& p, const Arrays& primals, const Arrays& tangents,
                       const std::vector<int>& argnums, const array& output) {
  std::optional<array> sum;
  for (size_t k = 0; k < argnums.size(); ++k) {
    if (argnums[k] > 1) continue;
    Arrays inputs = primals;
    inputs[size_t(argnums[k])] = tangents[k];
    const array term(output.shape(), output.dtype(), p.shared_from_this(), std::move(inputs));
    sum = sum ? add(*sum, term) : term;
  }
  return sum ? *sum : zeros_like(output);
}

/// The gradients of the first two inputs of out[to[i]] = a[lhs[i]] @ b[rhs[i]].
Arrays gather_gradients(const Arrays& primals, const array& cotangent, const array& to,
                        const std::vector<int>& argnums) {
  const array &a = primals[0], &b = primals[1], &lhs = primals[2], &rhs = primals[3];
  Arrays gradients;
  for (const int i : argnums) {
    if (i == 0)
      gradients.push_back(node<ScatterMM>({cotangent, adjoint(b), to, rhs, lhs}, a.shape(0)));
    else if (i == 1)
      gradients.push_back(node<ScatterMM>({adjoint(a), cotangent, lhs, to, rhs}, b.shape(0)));
    else
      gradients.push_back(zeros_like(primals[size_t(i)]));
  }
  return gradients;
}

/// The batch first, merged into the axis behind it.
array merged_batch(const array& a, int axis) {
  return axis == -1 ? a : flatten(moveaxis(a, axis, 0), 0, 1);
}

/// Indices of every call of the batch, one behind the other: into `length` elements that each call
/// has of its own, or into one set for all.
array merged_indices(const array& indices, int axis, int length, bool batched, ShapeElem size) {
  array all =
      axis == -1 ? broadcast_to(indices, {size, indices.shape(0)}) : moveaxis(indices, axis, 0);
  if (batched) {
    const array first = reshape(arange(0, size, 1), {size, 1});
    all = add(all, multiply(astype(first, int64), array(int64_t(length), int64)));
  }
  return flatten(all, 0, 1);
}

}  // namespace

// GatherMM, ScatterMM

std::vector<Shape> GatherMM::output_shapes(const Arrays& in) const {
  return {{in[2].shape(0), in[0].shape(1), in[1].shape(2)}};
}

Arrays GatherMM::vjp(const Arrays& primals, const Arrays& cotangents,
                     const std::vector<int>& argnums, const Arrays&) const {
  const array each = astype(arange(0, primals[2].shape(0), 1), int64);
  return gather_gradients(primals, cotangents[0], each, argnums);
}

Arrays GatherMM::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                     const Arrays& outputs) const {
  return {bilinear_tangent(*this, primals, tangents, argnums, outputs[0])};
}

Batched GatherMM::vmap(const Arrays& in, const std::vector<int>& axes,
                       const Arrays& outputs) const {
  const ShapeElem size = batch_size(in, axes);
  const Shape& a = outputs[0].shape();
  const int as = axes[0] == -1 ? 0 : in[0].shape(axes[0] == 0 ? 1 : 0);
  const int bs = axes[1] == -1 ? 0 : in[1].shape(axes[1] == 0 ? 1 : 0);
  const array out = node<GatherMM>({merged_batch(in[0], axes[0]), merged_batch(in[1], axes[1]),
                                    merged_indices(in[2], axes[2], as, axes[0] != -1, size),
                                    merged_indices(in[3], axes[3], bs, axes[1] != -1, size)});
  return {{reshape(out, {size, a[0], a[1], a[2]})}, {0}};
}

std::vector<Shape> ScatterMM::output_shapes(const Arrays& in) const {
  return {{results, in[0].shape(1), in[1].shape(2)}};
}

Arrays ScatterMM::vjp(const Arrays& primals, const Arrays& cotangents,
                      const std::vector<int>& argnums, const Arrays&) const {
  return gather_gradients(primals, cotangents[0], primals[4], argnums);
}

Arrays ScatterMM::jvp(const Arrays& primals, const Arrays& tangents,
                      const std::vector<int>& argnums, const Arrays& outputs) const {
  return {bilinear_tangent(*this, primals, tangents, argnums, outputs[0])};
}

Batched ScatterMM::vmap(const Arrays& in, const std::vector<int>& axes,
                        const Arrays& outputs) const {
  const ShapeElem size = batch_size(in, axes);
  const Shape& a = outputs[0].shape();
  const int as = axes[0] == -1 ? 0 : in[0].shape(axes[0] == 0 ? 1 : 0);
  const int bs = axes[1] == -1 ? 0 : in[1].shape(axes[1] == 0 ? 1 : 0);
  const array out = node<ScatterMM>({merged_batch(in[0], axes[0]), merged_batch(in[1], axes[1]),
                                     merged_indices(in[2], axes[2], as, axes[0] != -1, size),
                                     merged_indices(in[3], axes[3], bs, axes[1] != -1, size),
                                     merged_indices(in[4], axes[4], results, true, size)},
                                    int(size * results));
  return {{reshape(out, {size, a[0], a[1], a[2]})}, {0}};
}

// SegmentedMM, SegmentedSum

namespace {

/// The segments of every call of the batch, whose inner axes lie one behind the other.
array merged_segments(const array& segments, int axis, ShapeElem size, int length) {
  array all = axis == -1 ? broadcast_to(segments, {size, segments.shape(0), 2})
                         : moveaxis(segments, axis, 0);
  const array first = reshape(arange(0, size, 1), {size, 1, 1});
  all = add(all, multiply(astype(first, int64), array(int64_t(length), int64)));
  return flatten(all, 0, 1);
}

/// [size, ...] whether or not the array has the batch.
array with_batch(const array& a, int axis, ShapeElem size) {
  return broadcast_batch_first({a, zeros({size})}, {axis, 0})[0];
}

}  // namespace

std::vector<Shape> SegmentedMM::output_shapes(const Arrays& in) const {
  return {{in[2].shape(0), in[0].shape(0), in[1].shape(1)}};
}

Arrays SegmentedMM::vjp(const Arrays& primals, const Arrays& cotangents,
                        const std::vector<int>& argnums, const Arrays&) const {
  const array &a = primals[0], &b = primals[1], &segments = primals[2], &c = cotangents[0];
  Arrays gradients;
  for (const int i : argnums) {
    if (i == 0)
      gradients.push_back(node<SegmentedSum>({c, conjugate(b), segments}));
    else if (i == 1)
      gradients.push_back(turned(node<SegmentedSum>({turned(c), adjoint(a), segments})));
    else
      gradients.push_back(zeros_like(segments));
  }
  return gradients;
}

Arrays SegmentedMM::jvp(const Arrays& primals, const Arrays& tangents,
                        const std::vector<int>& argnums, const Arrays& outputs) const {
  return {bilinear_tangent(*this, primals, tangents, argnums, outputs[0])};
}

Batched SegmentedMM::vmap(const Arrays& in, const std::vector<int>& axes,
                          const Arrays& outputs) const {
  const ShapeElem size = batch_size(in, axes);
  const Shape& inner = outputs[0].shape();
  const ShapeElem s = inner[0], m = inner[1], n = inner[2];
  if (axes[2] == -1 && axes[1] == -1) {  // more rows
    const array out = node<SegmentedMM>({merged_batch(in[0], axes[0]), in[1], in[2]});
    return {{reshape(out, {s, size, m, n})}, {1}};
  }
  const array a = with_batch(in[0], axes[0], size), b = with_batch(in[1], axes[1], size);
  const ShapeElem depth = b.shape(1);
  const array out = node<SegmentedMM>({flatten(moveaxis(a, 0, 1), 1, 2), flatten(b, 0, 1),
                                       merged_segments(in[2], axes[2], size, depth)});
  return {{reshape(out, {size, s, m, n})}, {0}};
}

std::vector<Shape> SegmentedSum::output_shapes(const Arrays& in) const {
  return {{in[0].shape(1), in[1].shape(0)}};
}

Arrays SegmentedSum::vjp(const Arrays& primals, const Arrays& cotangents,
                         const std::vector<int>& argnums, const Arrays&) const {
  const array &c = primals[0], &b = primals[1], &segments = primals[2], &g = cotangents[0];
  Arrays gradients;
  for (const int i : argnums) {
    if (i == 0)
      gradients.push_back(node<SegmentedMM>({g, conjugate(b), segments}));
    else if (i == 1)
      gradients.push_back(turned(node<SegmentedSum>({adjoint(c), turned(g), segments})));
    else
      gradients.push_back(zeros_like(segments));
  }
  return gradients;
}

Arrays SegmentedSum::jvp(const Arrays& primals, const Arrays& tangents,
                         const std::vector<int>& argnums, const Arrays& outputs) const {
  return {bilinear_tangent(*this, primals, tangents, argnums, outputs[0])};
}

Batched SegmentedSum::vmap(const Arrays& in, const std::vector<int>& axes,
                           const Arrays& outputs) const {
  const ShapeElem size = batch_size(in, axes);
  const ShapeElem m = outputs[0].shape(0), depth = outputs[0].shape(1);
  const array c = with_batch(in[0], axes[0], size), b = with_batch(in[1], axes[1], size);
  const array out = node<SegmentedSum>(
      {flatten(c, 0, 1), flatten(b, 0, 1), merged_segments(in[2], axes[2], size, depth)});
  return {{reshape(out, {m, size, depth})}, {1}};
}

}  // namespace quern
