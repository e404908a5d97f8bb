#include "engine/backend/cpu/kernel_memory.h"

#include <algorithm>
#include <typeindex>
#include <unordered_map>

#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/elementwise/operands.h"
#include "engine/backend/cpu/matmul/panel_gemm.h"
#include "engine/backend/cpu/reshaped_strides.h"
#include "engine/primitives/cast.h"
#include "engine/primitives/compiled.h"
#include "engine/primitives/custom.h"
#include "engine/primitives/elementwise.h"
#include "engine/primitives/fast.h"
#include "engine/primitives/indexing.h"
#include "engine/primitives/matmul.h"
#include "engine/primitives/quantized.h"
#include "engine/primitives/reduce.h"
#include "engine/primitives/shape.h"
#include "engine/primitives/slice.h"

namespace quern::cpu {

namespace {

using Arrays = std::vector<array>;

/// One kernel, planned: its working memory is held until the outputs have theirs.
class Planned {
 public:
  Planned(const Arrays& in, Arrays& out, const PlannedMemory& memory)
      : in(in), out(out), memory_(memory) {}

  const Arrays& in;
  Arrays& out;

  void allocate(size_t k = 0) const {
    out[k].set_view(memory_.allocate(out[k].nbytes()), row_major_strides(out[k].shape()), 0);
  }
  void share(size_t input = 0, size_t output = 0) const {
    const array& a = in[input];
    out[output].set_view(a.buffer(), a.strides(), a.byte_offset());
  }
  void take_or_allocate(size_t k) const {
    if (in[k].nbytes() == out[0].nbytes() && in[k].flags().row_contiguous && memory_.may_take(k))
      out[0].set_view(in[k].buffer(), row_major_strides(out[0].shape()), in[k].byte_offset());
    else
      allocate();
  }
  void take_or_copy() const {
    if (in[0].flags().contiguous && memory_.may_take(0))
      share();
    else
      allocate();
  }
  void work(size_t bytes) {
    if (bytes > 0) working_.push_back(memory_.allocate(bytes));
  }
  /// Of an input that the kernel wants in row-major memory of a dtype.
  void work_on_copy(const array& a, Dtype dtype) {
    if (!a.flags().row_contiguous || a.dtype() != dtype) work(a.size() * dtype.size());
  }

  /// As provide() does.
  void provide(size_t k, const array* layout, bool may_overwrite) const {
    array& o = out[k];
    const Strides strides = layout ? layout->strides() : row_major_strides(o.shape());
    for (size_t i = 0; i < in.size(); ++i) {
      const array& a = in[i];
      const bool fits = layout ? same_layout(a, *layout) : a.flags().row_contiguous;
      if (may_overwrite && fits && a.nbytes() == o.nbytes() && memory_.may_take(i))
        return o.set_view(a.buffer(), strides, a.byte_offset());
    }
    o.set_view(memory_.allocate(o.nbytes()), strides, 0);
  }

 private:
  const PlannedMemory& memory_;
  std::vector<std::shared_ptr<Buffer>> working_;
};

using Rule = void (*)(const Primitive&, Planned&);

/// A kernel that only looks at layouts: it may run as it is.
void as_kernel(const Primitive& primitive, Planned& k) {
  kernels().find(primitive)(primitive, k.in, k.out);
}

void share_or_copy(const Primitive&, Planned& k) {
  const array& a = k.in[0];
  if (a.flags().row_contiguous) {
    k.out[0].set_view(a.buffer(), row_major_strides(k.out[0].shape()), a.byte_offset());
  } else if (auto strides = a.itemsize() == k.out[0].itemsize()
                                ? reshaped_strides(a, k.out[0].shape())
                                : std::nullopt) {
    k.out[0].set_view(a.buffer(), std::move(*strides), a.byte_offset());
  } else {
    k.allocate();
  }
}

void contiguous(const Primitive&, Planned& k) {
  k.in[0].flags().row_contiguous ? k.share() : k.allocate();
}

void view(const Primitive& primitive, Planned& k) {
  k.in[0].itemsize() == k.out[0].itemsize() ? k.share() : share_or_copy(primitive, k);
}

/// Its place in the input is among the elements, and makes no difference here.
void dynamic_slice(const Primitive&, Planned& k) {
  k.out[0].set_view(k.in[0].buffer(), k.in[0].strides(), k.in[0].byte_offset());
}

void take_first(const Primitive&, Planned& k) { k.take_or_allocate(0); }
void take_or_copy_first(const Primitive&, Planned& k) { k.take_or_copy(); }

void as_type(const Primitive&, Planned& k) {
  const bool keeps_layout = k.in[0].flags().contiguous && !k.in[0].flags().row_contiguous;
  k.provide(0, keeps_layout ? &k.in[0] : nullptr, false);
}

void normalize(const Primitive&, Planned& k) {
  if (k.in[0].dtype() == k.out[0].dtype())
    k.take_or_allocate(0);
  else
    k.allocate();
  k.work_on_copy(k.in[0], k.in[0].dtype());
}

void cross_entropy(const Primitive&, Planned& k) {
  k.allocate();
  k.work_on_copy(k.in[0], k.in[0].dtype());
}

/// What panel_gemm packs of its left side, [rows, depth].
size_t packed_bytes(int64_t rows, int64_t depth) {
  const int64_t shallow = panel_most_packed / panel_most_rows / panel_depth * panel_depth;
  const int64_t chunk = std::min(depth, rows > panel_tile_rows ? shallow : panel_most_depth);
  if (chunk == 0) return 0;
  const int64_t most_rows =
      std::max<int64_t>(1, panel_most_packed / (chunk * panel_tile_rows)) * panel_tile_rows;
  return size_t(std::min(rows, most_rows) * chunk) * sizeof(float);
}

/// Products with one right side become one product of many rows. Others are packed one by one, as
/// many at a time as there are threads.
void matmul(const Primitive& primitive, Planned& k) {
  k.allocate();
  const size_t first = typeid(primitive) == typeid(AddMM) ? 1 : 0;
  const array &a = k.in[first], &b = k.in[first + 1];
  const int64_t rows = a.shape(-2), depth = a.shape(-1);
  const int64_t batches = int64_t(k.out[0].size()) / (rows * b.shape(-1));
  bool is_one = true;
  for (size_t i = 0; i + 2 < b.ndim(); ++i) is_one &= b.shape()[i] == 1 || b.strides()[i] == 0;
  if (is_one) return k.work(packed_bytes(rows * batches, depth));
  k.work(packed_bytes(rows, depth) *
         size_t(std::min<int64_t>(batches, ThreadPool::instance().size())));
}

/// All leading axes of x are rows where there is one matrix.
void quantized_matmul(const Primitive&, Planned& k) {
  k.allocate();
  const array& x = k.in[0];
  k.work_on_copy(x, x.dtype());
  const int64_t depth = x.shape(-1);
  const bool is_single = k.in[1].ndim() == 2;
  const int64_t rows = is_single ? int64_t(x.size()) / std::max<int64_t>(1, depth) : x.shape(-2);
  k.work(packed_bytes(rows, depth));
}

void quantized_matmuls(const Primitive&, Planned& k) {
  for (size_t i = 0; i < k.out.size(); ++i) k.allocate(i);
  const array& x = k.in[0];
  k.work_on_copy(x, x.dtype());
  const int64_t depth = x.shape(-1);
  k.work(packed_bytes(int64_t(x.size()) / std::max<int64_t>(1, depth), depth));
}

/// The gradients are summed in float32; those of the queries by several tasks where there are few
/// heads, which is left out.
void attention_vjp(const Primitive&, Planned& k) {
  for (size_t i = 0; i < k.out.size(); ++i) k.allocate(i);
  for (size_t i = 0; i < std::min<size_t>(3, k.out.size()); ++i)
    k.work(k.out[i].size() * sizeof(float));
}

void norm_vjp(const Primitive&, Planned& k) {
  for (size_t i = 0; i < k.out.size(); ++i) k.allocate(i);
  k.work_on_copy(k.in[0], k.in[0].dtype());
  k.work_on_copy(k.in.back(), k.in.back().dtype());
}

void elementwise(const Primitive&, Planned& k) { k.provide(0, common_layout(k.in), true); }

void compiled(const Primitive& primitive, Planned& k) {
  const auto& p = static_cast<const Compiled&>(primitive);
  const array* layout = common_layout(k.in);
  for (size_t i = 0; i < k.out.size(); ++i)
    k.provide(i, layout, p.outputs[i] == int(p.inputs.size() + p.steps.size()) - 1);
}

const std::unordered_map<std::type_index, Rule>& rules() {
  static const std::unordered_map<std::type_index, Rule> all = {
      {typeid(AsStrided), as_kernel},
      {typeid(BroadcastTo), as_kernel},
      {typeid(Transpose), as_kernel},
      {typeid(Copy), as_kernel},
      {typeid(StopGradient), as_kernel},
      {typeid(Depends), as_kernel},
      {typeid(Custom), as_kernel},
      {typeid(Slice), as_kernel},
      {typeid(Reshape), share_or_copy},
      {typeid(ExpandDims), share_or_copy},
      {typeid(Squeeze), share_or_copy},
      {typeid(Flatten), share_or_copy},
      {typeid(Unflatten), share_or_copy},
      {typeid(View), view},
      {typeid(Contiguous), contiguous},
      {typeid(DynamicSlice), dynamic_slice},
      {typeid(SliceUpdate), take_or_copy_first},
      {typeid(DynamicSliceUpdate), take_or_copy_first},
      {typeid(Scatter), take_first},
      {typeid(ScatterAxis), take_first},
      {typeid(Softmax), take_first},
      {typeid(AsType), as_type},
      {typeid(fast::RMSNorm), normalize},
      {typeid(fast::LayerNorm), normalize},
      {typeid(fast::RMSNormVJP), norm_vjp},
      {typeid(fast::LayerNormVJP), norm_vjp},
      {typeid(fast::CrossEntropy), cross_entropy},
      {typeid(fast::CrossEntropyVJP), take_first},
      {typeid(fast::ScaledDotProductAttentionVJP), attention_vjp},
      {typeid(Matmul), matmul},
      {typeid(AddMM), matmul},
      {typeid(QuantizedMatmul), quantized_matmul},
      {typeid(QuantizedMatmuls), quantized_matmuls},
      {typeid(GatherQMM), quantized_matmul},
      {typeid(Compiled), compiled},
  };
  return all;
}

}  // namespace

void plan_memory(const Primitive& primitive, const Arrays& inputs, Arrays& outputs,
                 const PlannedMemory& memory) {
  Planned kernel(inputs, outputs, memory);
  const bool is_empty = outputs[0].size() == 0;
  if (const auto rule = rules().find(typeid(primitive)); rule != rules().end() && !is_empty)
    return rule->second(primitive, kernel);
  if (dynamic_cast<const Elementwise*>(&primitive) && !is_empty)
    return elementwise(primitive, kernel);
  for (size_t i = 0; i < outputs.size(); ++i) kernel.allocate(i);
}

}  // namespace quern::cpu
