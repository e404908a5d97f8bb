#include "engine/graph/eval.h"

#include <fmt/format.h>

#include <new>
#include <stdexcept>

#include "engine/array/impl.h"
#include "engine/backend/backend.h"
#include "engine/graph/scheduler.h"
#include "engine/graph/trace.h"

namespace quern {

namespace {

/// One primitive to run, on the next arrays of its batch.
struct Step {
  std::shared_ptr<const Primitive> primitive;
  Kernel kernel;
  uint32_t inputs;
  uint32_t outputs;
};

/// Whose work a step has to wait for first.
struct Wait {
  uint32_t step;  ///< of this batch
  std::shared_ptr<Completion> completion;
  uint32_t other_step;
};

/// The steps of one evaluation on one stream, in order. What they need lies in a few lists for all
/// of them: lists of their own would have to be allocated and freed hundreds of times per token.
struct Batch {
  explicit Batch(Stream stream) : stream(stream) {}

  const Stream stream;
  std::shared_ptr<Completion> completion = make_pooled<Completion>();
  std::vector<Step> steps;
  std::vector<array> arrays;  ///< inputs and outputs of a step after those of the one before
  std::vector<Wait> waits;    ///< by step

  void run() {
    uint32_t done = 0;
    std::vector<array> inputs, outputs;
    auto next = arrays.begin();
    auto next_wait = waits.begin();
    const auto take = [&](std::vector<array>& to, uint32_t count) {
      for (uint32_t i = 0; i < count; ++i) to.push_back(std::move(*next++));
    };
    try {
      for (Step& step : steps) {
        for (; next_wait != waits.end() && next_wait->step == done; ++next_wait)
          next_wait->completion->wait(next_wait->other_step);
        take(inputs, step.inputs);
        take(outputs, step.outputs);
        step.kernel(*step.primitive, inputs, outputs);
        step.primitive.reset();
        inputs.clear();  // so that the next steps may write over them
        outputs.clear();
        completion->advance(++done);
      }
    } catch (const std::bad_alloc&) {  // of what is not an array: lists, scratch
      completion->fail(std::make_exception_ptr(OutOfMemory(fmt::format(
          "[{}] the system has no memory left for it", steps[done].primitive->name()))));
    } catch (...) {
      completion->fail(std::current_exception());
    }
  }
};

}  // namespace

/// Orders the nodes that some arrays need and hands them to their streams. The scheduler's
/// submission lock is held throughout: it guards the graph's links and the order among streams.
class Evaluation {
 public:
  /// With `waits`, for a caller that has nothing else to do: may run what there is to do here,
  /// which saves handing it over and back.
  void submit(const std::vector<array>& outputs, bool waits) {
    Scheduler& scheduler = Scheduler::instance();
    auto lock = scheduler.submission();
    static uint64_t evaluations = 0;
    current_ = ++evaluations;
    for (const array& output : outputs) walk(output);
    for (const Ordered& next : order_) prepare(next);
    if (waits && may_run_here()) {
      Batch& batch = *batches_[0];
      lock.unlock();
      batch.run();
      scheduler.leave(batch.stream);
      return;
    }
    for (const auto& batch : batches_) {
      scheduler.enqueue(batch->stream, [batch] { batch->run(); });
    }
  }

  static void detach(const std::vector<array>& arrays) {
    std::vector<std::shared_ptr<Node>> let_go;  // outside the lock
    const auto lock = Scheduler::instance().submission();
    for (const array& a : arrays) {
      if (!a.impl_->node || !a.impl_->node->scheduled) continue;
      let_go.push_back(std::move(a.impl_->node));
      a.impl_->trace_level = 0;
    }
  }

 private:
  struct Ordered {
    Node* node;
    Kernel kernel;
  };

  /// Appends the nodes below `root` to the order, inputs first, without recursion.
  void walk(const array& root) {
    struct Frame {
      Node* node;
      size_t next_input = 0;
    };
    std::vector<Frame> stack;
    const auto enter = [&](const array& a) {
      Node* node = a.impl_->node.get();
      if (!node &&
          a.impl_->status.load(std::memory_order_relaxed) == array::Impl::Status::unscheduled) {
        throw std::invalid_argument(fmt::format(
            "[eval] an array of shape {} stands for an input that vmap or compile traces: "
            "it has no values to compute with or to read",
            to_string(a.shape())));
      }
      if (!node || node->visited == current_ || node->scheduled) return;
      node->visited = current_;
      stack.push_back({node});
    };
    enter(root);
    while (!stack.empty()) {
      Frame& top = stack.back();
      if (top.next_input < top.node->inputs.size()) {
        enter(top.node->inputs[top.next_input++]);
      } else {
        order_.push_back({top.node, find_kernel(*top.node->primitive)});
        stack.pop_back();
      }
    }
  }

  /// Moves a node out of the graph into its stream's batch.
  void prepare(const Ordered& next) {
    Node& node = *next.node;
    Batch& batch = batch_of(node.primitive->stream());
    const auto index = uint32_t(batch.steps.size());
    for (const array& input : node.inputs) {
      const array::Impl& impl = *input.impl_;
      if (impl.completion && impl.completion != batch.completion &&
          !impl.completion->reached(impl.step)) {
        batch.waits.push_back({index, impl.completion, impl.step});
      }
    }
    // A transform may still walk over this node, and read what it computes.
    const bool keep = node.trace_level > 0 && Trace::depth() > 0;
    batch.steps.push_back({keep ? node.primitive : std::move(node.primitive), next.kernel,
                           uint32_t(node.inputs.size()), uint32_t(node.outputs.size())});
    if (keep) {
      batch.arrays.insert(batch.arrays.end(), node.inputs.begin(), node.inputs.end());
      node.scheduled = true;
    } else {
      // The list itself goes with the node, on this thread, which allocated it.
      for (array& input : node.inputs) batch.arrays.push_back(std::move(input));
      node.inputs.clear();
    }
    std::shared_ptr<Node> keep_alive;
    for (Node::Output& output : node.outputs) {
      std::shared_ptr<array::Impl> impl = output.impl.lock();
      if (!impl) impl = make_pooled<array::Impl>(output.shape, output.dtype);
      if (impl->node && !keep) {
        keep_alive = std::move(impl->node);
        impl->trace_level.store(0, std::memory_order_relaxed);
      }
      impl->completion = batch.completion;
      impl->step = index;
      impl->status.store(array::Impl::Status::scheduled, std::memory_order_release);
      batch.arrays.push_back(array(std::move(impl)));
    }
  }

  Batch& batch_of(const Stream& stream) {
    for (const auto& batch : batches_) {
      if (batch->stream == stream) return *batch;
    }
    batches_.push_back(make_pooled<Batch>(stream));
    batches_.back()->steps.reserve(order_.size());
    batches_.back()->arrays.reserve(3 * order_.size());
    return *batches_.back();
  }

  /// Whether there is one batch only and its stream is idle: then takes its worker's place.
  /// A transform's function stays out of the kernels' way, which may be functions of the program's.
  bool may_run_here() const {
    return batches_.size() == 1 && batches_[0]->stream.device == Device::cpu &&
           Trace::depth() == 0 && Scheduler::instance().try_enter(batches_[0]->stream);
  }

  uint64_t current_ = 0;
  std::vector<Ordered> order_;
  std::vector<std::shared_ptr<Batch>> batches_;
};

void detach_evaluated(const std::vector<array>& arrays) {
  if (Trace::depth() == 0) Evaluation::detach(arrays);
}

void async_eval(std::vector<array> outputs) { Evaluation().submit(outputs, false); }

void eval(std::vector<array> outputs) {
  Evaluation().submit(outputs, true);
  for (const array& output : outputs) output.wait();
}

}  // namespace quern
