#include "engine/primitives/compiled.h"

#include <algorithm>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/elementwise/operands.h"
#include "engine/backend/cpu/half_block.h"
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

bool is_cast(const Primitive& primitive) { return typeid(primitive) == typeid(AsType); }

/// What a value of a half dtype is after it was stored and read again: alone, the step would have
/// done that.
void round_to(Dtype dtype, float* values, size_t n) {
  alignas(64) uint16_t stored[tile_elements];
  if (dtype == float16) {
    narrow(values, reinterpret_cast<float16_t*>(stored), n);
    widen(reinterpret_cast<const float16_t*>(stored), values, n);
  } else {
    narrow(values, reinterpret_cast<bfloat16_t*>(stored), n);
    widen(reinterpret_cast<const bfloat16_t*>(stored), values, n);
  }
}

/// One step, ready to run on tiles: `operands` are values.
struct TapeStep {
  Tile tile = nullptr;   // nullptr: a conversion
  Dtype from = float32;  // of the operands, as they are computed with
  Dtype to = float32;    // of the result, likewise
  Dtype dtype = float32;
  const std::vector<int>* operands = nullptr;
  int output = -1;  // of the whole, or -1
  int place = 0;    // register

  void run(const std::vector<const void*>& values, void* out, size_t n) const {
    const std::vector<int>& in = *operands;
    if (!tile) {
      convert_elements(from, values[size_t(in[0])], to, out, n);
    } else {
      const void* pointers[3];
      for (size_t k = 0; k < in.size(); ++k) pointers[k] = values[size_t(in[k])];
      tile(pointers, out, n);
    }
    if (to != dtype) round_to(dtype, static_cast<float*>(out), n);
  }
};

std::vector<TapeStep> make_tape(const Compiled& p) {
  std::vector<TapeStep> tape;
  for (size_t i = 0; i < p.steps.size(); ++i) {
    const Compiled::Step& step = p.steps[i];
    TapeStep t;
    t.operands = &step.inputs;
    t.dtype = step.dtype;
    t.to = compute_dtype(step.dtype);
    t.place = p.registers()[i];
    if (is_cast(*step.primitive)) {
      t.from = compute_dtype(p.dtype_of(step.inputs[0]));
    } else {
      // What is computed in place of a half dtype is float32 here throughout.
      t.tile = find_tile(*step.primitive, compute_dtype(p.dtype_of(step.inputs.back())), t.from);
    }
    const auto found = std::find(p.outputs.begin(), p.outputs.end(), int(p.inputs.size() + i));
    if (found != p.outputs.end()) t.output = int(found - p.outputs.begin());
    tape.push_back(t);
  }
  return tape;
}

/// Bytes of the widest value.
size_t widest(const Compiled& p) {
  size_t bytes = 4;
  for (size_t i = 0; i < p.inputs.size() + p.steps.size(); ++i) {
    bytes = std::max<size_t>(bytes, p.dtype_of(int(i)).size());
  }
  return bytes;
}

/// One run of the tape over some elements of the output, on one thread.
class TapeRun {
 public:
  TapeRun(const Compiled& p, const std::vector<TapeStep>& tape,
          const std::vector<TileReader>& readers, const std::vector<TileWriter>& writers)
      : tape_(tape),
        readers_(readers),
        writers_(writers),
        piece_(fused_elements * widest(p)),
        memory_((size_t(p.register_count()) + readers.size() + writers.size()) * piece_),
        gathered_(size_t(p.register_count())),
        narrowed_(gathered_ + readers.size()),
        values_(readers.size() + tape.size()) {}

  void run(size_t first, size_t last) {
    for (size_t begin = first; begin < last; begin += fused_elements) {
      const size_t n = std::min(fused_elements, last - begin);
      for (size_t k = 0; k < readers_.size(); ++k) {
        // The first tile is the longest: a constant needs no other.
        if (begin == first || !readers_[k].is_constant()) {
          values_[k] = readers_[k].read(begin, n, piece(gathered_ + k));
        }
      }
      run_tile(begin, n);
    }
  }

 private:
  void* piece(size_t i) { return memory_.data() + i * piece_; }

  void run_tile(size_t begin, size_t n) {
    for (size_t i = 0; i < tape_.size(); ++i) {
      const TapeStep& step = tape_[i];
      void* out = piece(size_t(step.place));
      if (step.output >= 0) {
        const auto k = size_t(step.output);
        out = writers_[k].place(begin, piece(narrowed_ + k));
      }
      step.run(values_, out, n);
      values_[readers_.size() + i] = out;
    }
    for (size_t k = 0; k < writers_.size(); ++k) writers_[k].finish(begin, n, piece(narrowed_ + k));
  }

  const std::vector<TapeStep>& tape_;
  const std::vector<TileReader>& readers_;
  const std::vector<TileWriter>& writers_;
  // Registers, then inputs that do not lie together or are converted, then outputs before they are
  // converted. They lie close: farther apart, fewer of them would fit into the first-level cache.
  const size_t piece_;  // bytes
  Scratch<char> memory_;
  const size_t gathered_, narrowed_;  // the first piece of each kind
  std::vector<const void*> values_;
};

void compiled(const Compiled& p, const Arrays& in, Arrays& outputs) {
  const std::vector<TapeStep> tape = make_tape(p);
  const array* layout = common_layout(in);
  std::vector<TileReader> readers;
  for (const array& a : in) readers.emplace_back(a, compute_dtype(a.dtype()), layout != nullptr);
  std::vector<TileWriter> writers;
  for (size_t k = 0; k < outputs.size(); ++k) {
    // Only when the last step writes has everything of a tile been read.
    const bool last = p.outputs[k] == int(p.inputs.size() + p.steps.size()) - 1;
    provide(outputs[k], in, layout, last);
    writers.emplace_back(outputs[k], compute_dtype(outputs[k].dtype()));
  }
  // Whole tiles for each thread, so that they begin where cache lines do.
  const size_t size = outputs[0].size(), tiles = (size + fused_elements - 1) / fused_elements;
  const size_t grain = std::max<size_t>(1, parallel_steps / (tape.size() * fused_elements));
  parallel_for(tiles, grain, [&](size_t first, size_t last) {
    TapeRun(p, tape, readers, writers)
        .run(first * fused_elements, std::min(size, last * fused_elements));
  });
}

}  // namespace

bool is_fusable(const Primitive& primitive, const std::vector<Dtype>& inputs) {
  Dtype compute = float32;
  return is_cast(primitive) ||
         (inputs.size() <= 3 && look_up_tile(primitive, inputs.back(), compute) != nullptr);
}

void register_compiled(KernelTable& table) { table.add<Compiled, compiled>(); }

}  // namespace quern::cpu
