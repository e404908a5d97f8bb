#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/array/array.h"

namespace quern {

/// Finds out what evaluations would do to memory, in milliseconds and without taking any: it goes
/// through a graph's nodes in the order in which eval() would, gives every array the layout and the
/// memory that its kernel on the CPU would give it (a view, an input that nobody needs any more, or
/// a new block), and lets go of what eval() would let go of.
///
///     DryRun run;
///     run.hold(weights, "weights");             // placeholders will do: shapes are all that
///     counts const Arrays out = run.compiled(fun, weights, "constants"); run.eval(out, "results");
///     run.peak();                               // bytes, the weights among them
///
/// What it takes in from outside is counted from hold() on; arrays that have values are not, and
/// those that lie in a mapped file are added up in mapped(). For one thread.
class DryRun {
 public:
  using Function = std::function<Arrays(const Arrays&)>;

  /// A block of memory, at the peak.
  struct Block {
    size_t bytes = 0;
    std::string label;  ///< of hold() or eval(); empty: it is let go of when nobody needs it
    Shape shape;        ///< of the first array in it
    Dtype dtype = float32;
    bool is_array = false;  ///< or else a kernel's working memory
  };

  DryRun();
  ~DryRun();
  DryRun(const DryRun&) = delete;
  DryRun& operator=(const DryRun&) = delete;

  /// Makes arrays without values stay until release(), in row-major memory of their own, unless
  /// they are here already.
  void hold(const Arrays& arrays, const std::string& label);
  /// Nobody but the graph of the next eval() needs these.
  void release(const Arrays& arrays);

  /// What eval(outputs) does; they stay until release(). So do those of `kept` that are computed on
  /// the way, because somebody holds them. labels: of each output, or one for all. Throws
  /// std::invalid_argument for an array without values that is not held.
  void eval(const Arrays& outputs, const std::vector<std::string>& labels, const Arrays& kept = {});

  /// What compile(fun)(inputs) does: its outputs, as graph. Its constants are evaluated and stay.
  Arrays compiled(const Function& fun, const Arrays& inputs, const std::string& label);

  size_t active() const;
  size_t peak() const;
  std::vector<Block> at_peak() const;
  /// Bytes in memory that is not the allocator's, of arrays that were read.
  size_t mapped() const { return mapped_; }

 private:
  class Ledger;
  struct Value {
    array planned;  ///< has a layout, and a buffer without bytes
    bool is_held = false;
    size_t readers = 0;  ///< that are still to come
  };

  std::vector<std::shared_ptr<Node>> order_of(const Arrays& outputs);
  void admit(const array& a);
  void run(const std::shared_ptr<Node>& node);
  void drop_unneeded();

  std::shared_ptr<Ledger> ledger_;
  std::unordered_map<std::uintptr_t, Value> values_;
  std::unordered_map<std::uintptr_t, std::string> wanted_;  ///< labels of what is to be held
  std::vector<array> alive_;                                ///< whatever values_ knows by its id
  size_t mapped_ = 0;
};

}  // namespace quern
