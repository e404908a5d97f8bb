#include "engine/transforms/dry_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/backend/cpu/kernel_memory.h"
#include "engine/graph/eval.h"
#include "engine/memory/allocator.h"
#include "engine/transforms/node_order.h"
#include "engine/transforms/program.h"

namespace quern {

/// Blocks, and what happened to them in which order, so that what was there at the peak can be told
/// afterwards.
class DryRun::Ledger : public std::enable_shared_from_this<Ledger> {
 public:
  std::shared_ptr<Buffer> allocate(size_t wanted) {
    const size_t bytes = Allocator::block_size(wanted);
    const size_t block = blocks_.size();
    blocks_.emplace_back().bytes = bytes;
    events_.push_back({block, Event::made, {}});
    active_ += bytes;
    if (active_ > peak_) {
      peak_ = active_;
      events_at_peak_ = events_.size();
    }
    auto buffer = Buffer::borrow(nullptr, bytes, [ledger = weak_from_this(), block] {
      if (const auto here = ledger.lock()) here->forget(block);
    });
    of_buffer_[buffer.get()] = block;
    buffers_.push_back(buffer.get());
    return buffer;
  }

  bool owns(const Buffer* buffer) const { return of_buffer_.contains(buffer); }

  void describe(const array& a, const std::string& label) {
    const auto found = of_buffer_.find(a.buffer().get());
    if (found == of_buffer_.end()) return;
    Block& block = blocks_[found->second];
    if (!block.is_array) {
      block.shape = a.shape();
      block.dtype = a.dtype();
      block.is_array = true;
    }
    if (!label.empty()) events_.push_back({found->second, Event::labelled, label});
  }

  size_t active() const { return active_; }
  size_t peak() const { return peak_; }

  std::vector<Block> at_peak() const {
    std::map<size_t, std::string> there;
    for (size_t i = 0; i < events_at_peak_; ++i) {
      const Event& event = events_[i];
      if (event.kind == Event::forgotten)
        there.erase(event.block);
      else
        there[event.block] = event.label;
    }
    std::vector<Block> blocks;
    for (const auto& [block, label] : there) {
      blocks.push_back(blocks_[block]);
      blocks.back().label = label;
    }
    return blocks;
  }

 private:
  struct Event {
    size_t block;
    enum Kind { made, labelled, forgotten } kind;
    std::string label;
  };

  void forget(size_t block) {
    active_ -= blocks_[block].bytes;
    events_.push_back({block, Event::forgotten, {}});
    of_buffer_.erase(buffers_[block]);
  }

  std::vector<Block> blocks_;
  std::vector<Event> events_;
  std::vector<const Buffer*> buffers_;
  std::unordered_map<const Buffer*, size_t> of_buffer_;
  size_t active_ = 0, peak_ = 0, events_at_peak_ = 0;
};

DryRun::DryRun() : ledger_(std::make_shared<Ledger>()) {}
DryRun::~DryRun() = default;

size_t DryRun::active() const { return ledger_->active(); }
size_t DryRun::peak() const { return ledger_->peak(); }
std::vector<DryRun::Block> DryRun::at_peak() const { return ledger_->at_peak(); }

void DryRun::hold(const Arrays& arrays, const std::string& label) {
  for (const array& a : arrays) {
    const auto [place, is_new] =
        values_.try_emplace(a.id(), Value{array::placeholder(a.shape(), a.dtype(), 0), true});
    place->second.is_held = true;
    if (!is_new) continue;
    alive_.push_back(a);
    array& planned = place->second.planned;
    planned.set_view(ledger_->allocate(a.nbytes()), row_major_strides(a.shape()), 0);
    ledger_->describe(planned, label);
  }
}

void DryRun::release(const Arrays& arrays) {
  for (const array& a : arrays) {
    if (const auto found = values_.find(a.id()); found != values_.end())
      found->second.is_held = false;
  }
}

/// An input that no node of this run computes.
void DryRun::admit(const array& a) {
  if (values_.contains(a.id())) return;
  if (!a.is_available()) {
    throw std::invalid_argument(
        fmt::format("[dry_run] an array of shape {} has neither values nor a place that hold() "
                    "gave it",
                    to_string(a.shape())));
  }
  alive_.push_back(a);
  values_.emplace(a.id(), Value{a, true});
  if (!a.buffer()->reusable()) mapped_ += std::min(a.nbytes(), a.buffer()->size());
}

/// The nodes below the outputs as eval() orders them, with each value's readers counted.
std::vector<std::shared_ptr<Node>> DryRun::order_of(const Arrays& outputs) {
  return node_order(outputs, [&](const array& a) {
    if (values_.contains(a.id())) return false;
    if (!a.node()) admit(a);
    return a.node() != nullptr;
  });
}

void DryRun::run(const std::shared_ptr<Node>& node) {
  const Arrays outputs = Node::output_arrays(node);
  Arrays in, out;
  for (const array& input : node->inputs) in.push_back(values_.at(input.id()).planned);
  for (const array& output : outputs)
    out.push_back(array::placeholder(output.shape(), output.dtype(), 0));
  const auto may_take = [&](size_t k) {
    const Value& value = values_.at(node->inputs[k].id());
    const Buffer* buffer = in[k].buffer().get();
    return !value.is_held && value.readers == 1 && ledger_->owns(buffer) &&
           in[k].buffer().use_count() == 1;
  };
  cpu::plan_memory(*node->primitive, in, out,
                   {[&](size_t bytes) { return ledger_->allocate(bytes); }, may_take});
  in.clear();
  for (const array& input : node->inputs) {
    const auto value = values_.find(input.id());
    if (value == values_.end()) continue;  // it was among the inputs twice
    if (--value->second.readers == 0 && !value->second.is_held) values_.erase(value);
  }
  for (size_t k = 0; k < outputs.size(); ++k) {
    const auto wanted = wanted_.find(outputs[k].id());
    const bool is_held = wanted != wanted_.end();
    ledger_->describe(out[k], is_held ? wanted->second : std::string());
    values_.at(outputs[k].id()).planned = out[k];
    values_.at(outputs[k].id()).is_held = is_held;
  }
  for (const array& output : outputs) {
    const auto value = values_.find(output.id());
    if (value->second.readers == 0 && !value->second.is_held) values_.erase(value);
  }
}

/// Of values that are there.
void DryRun::drop_unneeded() {
  std::erase_if(values_, [](const auto& entry) {
    const Value& value = entry.second;
    return !value.is_held && value.readers == 0 && value.planned.buffer() != nullptr;
  });
}

void DryRun::eval(const Arrays& outputs, const std::vector<std::string>& labels,
                  const Arrays& kept) {
  for (const array& a : kept) wanted_.emplace(a.id(), labels.at(0));
  for (size_t i = 0; i < outputs.size(); ++i)
    wanted_.insert_or_assign(outputs[i].id(), labels.size() == 1 ? labels[0] : labels.at(i));
  const auto order = order_of(outputs);
  for (const auto& node : order) {
    for (const array& output : Node::output_arrays(node)) {
      alive_.push_back(output);
      values_.try_emplace(output.id(), Value{output});
    }
    for (const array& input : node->inputs) ++values_.at(input.id()).readers;
  }
  for (const array& output : outputs) {
    // One that was here already stays as well.
    if (Value& value = values_.at(output.id()); value.planned.buffer()) value.is_held = true;
  }
  drop_unneeded();
  for (const auto& node : order) run(node);
  wanted_.clear();
  drop_unneeded();
}

Arrays DryRun::compiled(const Function& fun, const Arrays& inputs, const std::string& label) {
  Program program = record_shapes(fun, inputs);
  simplify(program);
  fuse(program);
  eval(program.constants, {label});
  return program.run(inputs);
}

}  // namespace quern
