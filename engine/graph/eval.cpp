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

/// One primitive to run: what it reads and fills, and whose work it has to wait for first.
struct Step {
  struct Wait {
    std::shared_ptr<Completion> completion;
    uint32_t step;
  };

  std::shared_ptr<const Primitive> primitive;
  Kernel kernel = nullptr;
  std::vector<array> inputs;
  std::vector<array> outputs;
  std::vector<Wait> waits;
};

/// The steps of one evaluation on one stream, in order.
struct Batch {
  explicit Batch(Stream stream) : stream(stream) {}

  const Stream stream;
  std::shared_ptr<Completion> completion = std::make_shared<Completion>();
  std::vector<Step> steps;

  void run() {
    uint32_t done = 0;
    try {
      for (Step& step : steps) {
        for (const Step::Wait& wait : step.waits) wait.completion->wait(wait.step);
        step.kernel(*step.primitive, step.inputs, step.outputs);
        step = Step{};  // lets go of inputs, so that the next steps may write over them
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
  void submit(const std::vector<array>& outputs) {
    const auto lock = Scheduler::instance().submission();
    static uint64_t evaluations = 0;
    current_ = ++evaluations;
    for (const array& output : outputs) walk(output);
    for (Node* node : order_) prepare(*node);
    for (const auto& batch : batches_) {
      Scheduler::instance().enqueue(batch->stream, [batch] { batch->run(); });
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
        order_.push_back(top.node);
        kernels_.push_back(find_kernel(*top.node->primitive));
        stack.pop_back();
      }
    }
  }

  /// Moves a node out of the graph into its stream's batch.
  void prepare(Node& node) {
    Batch& batch = batch_of(node.primitive->stream());
    const auto index = uint32_t(batch.steps.size());
    Step step;
    step.primitive = node.primitive;
    step.kernel = kernels_[prepared_++];
    // A transform may still walk over this node, and read what it computes.
    const bool keep = node.trace_level > 0 && Trace::depth() > 0;
    if (keep) {
      step.inputs = node.inputs;
      node.scheduled = true;
    } else {
      step.inputs = std::move(node.inputs);
    }
    for (const array& input : step.inputs) {
      const array::Impl& impl = *input.impl_;
      if (impl.completion && impl.completion != batch.completion &&
          !impl.completion->reached(impl.step)) {
        step.waits.push_back({impl.completion, impl.step});
      }
    }
    std::shared_ptr<Node> keep_alive;
    for (Node::Output& output : node.outputs) {
      std::shared_ptr<array::Impl> impl = output.impl.lock();
      if (!impl) impl = std::make_shared<array::Impl>(output.shape, output.dtype);
      if (impl->node && !keep) {
        keep_alive = std::move(impl->node);
        impl->trace_level.store(0, std::memory_order_relaxed);
      }
      impl->completion = batch.completion;
      impl->step = index;
      impl->status.store(array::Impl::Status::scheduled, std::memory_order_release);
      step.outputs.push_back(array(std::move(impl)));
    }
    batch.steps.push_back(std::move(step));
  }

  Batch& batch_of(const Stream& stream) {
    for (const auto& batch : batches_) {
      if (batch->stream == stream) return *batch;
    }
    batches_.push_back(std::make_shared<Batch>(stream));
    return *batches_.back();
  }

  uint64_t current_ = 0;
  std::vector<Node*> order_;
  std::vector<Kernel> kernels_;
  size_t prepared_ = 0;
  std::vector<std::shared_ptr<Batch>> batches_;
};

void detach_evaluated(const std::vector<array>& arrays) {
  if (Trace::depth() == 0) Evaluation::detach(arrays);
}

void async_eval(std::vector<array> outputs) { Evaluation().submit(outputs); }

void eval(std::vector<array> outputs) {
  Evaluation().submit(outputs);
  for (const array& output : outputs) output.wait();
}

}  // namespace quern
