#include "engine/primitives/compiled.h"

#include <algorithm>

#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/elementwise/fused_step.h"
#include "engine/backend/cpu/elementwise/operands.h"
#include "engine/backend/cpu/scratch.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/backend/cpu/tile_reader.h"
#include "engine/primitives/cast.h"

namespace quern::cpu {

namespace {

// Half a page of floats: the processor fetches ahead while the steps compute, but only to the end
// of a page.
constexpr size_t fused_elements = tile_elements / 2;
constexpr size_t parallel_steps = size_t(1) << 17;  // elements times steps

/// Bytes of the widest value.
size_t widest(const Compiled& p) {
  size_t bytes = 4;
  for (size_t i = 0; i < p.inputs.size() + p.steps.size(); ++i) {
    bytes = std::max<size_t>(bytes, p.dtype_of(int(i)).size());
  }
  return bytes;
}

/// One run of the steps over some elements of the output, on one thread.
class FusedRun {
 public:
  FusedRun(const Compiled& p, const std::vector<FusedStep>& steps,
           const std::vector<TileReader>& readers, const std::vector<TileWriter>& writers)
      : steps_(steps),
        readers_(readers),
        writers_(writers),
        piece_(fused_elements * widest(p)),
        memory_((size_t(p.register_count()) + readers.size() + writers.size()) * piece_),
        gathered_(size_t(p.register_count())),
        narrowed_(gathered_ + readers.size()),
        values_(readers.size() + p.steps.size()) {}

  void run(size_t first, size_t last) {
    for (size_t begin = first; begin < last; begin += fused_elements) {
      const size_t n = std::min(fused_elements, last - begin);
      for (size_t k = 0; k < readers_.size(); ++k) {
        // The first tile is the longest: a constant needs no other.
        if (begin == first || !readers_[k].is_constant()) {
          // Steps write results only, never inputs.
          values_[k] = const_cast<void*>(readers_[k].read(begin, n, piece(gathered_ + k)));
        }
      }
      run_tile(begin, n);
    }
    for (const TileWriter& writer : writers_) writer.end();
  }

 private:
  void* piece(size_t i) { return memory_.data() + i * piece_; }

  void run_tile(size_t begin, size_t n) {
    for (const FusedStep& step : steps_) {
      for (const FusedStep::Result& result : step.results()) {
        const auto k = size_t(result.output);
        values_[size_t(result.value)] = result.output < 0
                                            ? piece(size_t(result.place))
                                            : writers_[k].place(begin, piece(narrowed_ + k));
      }
      step.run(values_, n);
    }
    for (size_t k = 0; k < writers_.size(); ++k) writers_[k].finish(begin, n, piece(narrowed_ + k));
  }

  const std::vector<FusedStep>& steps_;
  const std::vector<TileReader>& readers_;
  const std::vector<TileWriter>& writers_;
  // Registers, then inputs that do not lie together or are converted, then outputs before they are
  // converted. They lie close: farther apart, fewer of them would fit into the first-level cache.
  const size_t piece_;  // bytes
  Scratch<char> memory_;
  const size_t gathered_, narrowed_;  // the first piece of each kind
  std::vector<void*> values_;
};

void compiled(const Compiled& p, const Arrays& in, Arrays& outputs) {
  const array* layout = common_layout(in);
  std::vector<TileReader> readers;
  std::vector<bool> is_constant;
  for (const array& a : in) {
    readers.emplace_back(a, compute_dtype(a.dtype()), layout != nullptr);
    is_constant.push_back(readers.back().is_constant());
  }
  const std::vector<FusedStep> steps = fused_steps(p, is_constant);
  std::vector<TileWriter> writers;
  for (size_t k = 0; k < outputs.size(); ++k) {
    // Only when the last step writes has everything of a tile been read.
    const bool last = p.outputs[k] == int(p.inputs.size() + p.steps.size()) - 1;
    const bool is_new = provide(outputs[k], in, layout, last);
    writers.emplace_back(outputs[k], compute_dtype(outputs[k].dtype()), is_new);
  }
  // Whole tiles for each thread, so that they begin where cache lines do.
  const size_t size = outputs[0].size(), tiles = (size + fused_elements - 1) / fused_elements;
  const size_t grain = std::max<size_t>(1, parallel_steps / (p.steps.size() * fused_elements));
  parallel_for(tiles, grain, [&](size_t first, size_t last) {
    FusedRun(p, steps, readers, writers)
        .run(first * fused_elements, std::min(size, last * fused_elements));
  });
}

}  // namespace

bool is_fusable(const Primitive& primitive, const std::vector<Dtype>& inputs) {
  Dtype compute = float32;
  return typeid(primitive) == typeid(AsType) ||
         (inputs.size() <= 3 && look_up_tile(primitive, inputs.back(), compute) != nullptr);
}

void register_compiled(KernelTable& table) { table.add<Compiled, compiled>(); }

}  // namespace quern::cpu
