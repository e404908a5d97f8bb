#pragma once

#include <functional>
#include <optional>
#include <regex>
#include <string>
#include <variant>

#include "bench/limits/limits.h"
#include "bench/suite/report.h"

namespace quern::bench {

/// How a figure is told: amounts in a second, or the time of a run.
struct Unit {
  const char* name;
  double scale;
  bool is_time = false;
};
inline constexpr Unit gigabytes{"GB/s", 1e-9};
inline constexpr Unit gigaflops{"GFLOP/s", 1e-9};
inline constexpr Unit giga_operations{"GOP/s", 1e-9};
inline constexpr Unit tokens{"tokens/s", 1};
inline constexpr Unit seconds{"s", 1, true};
inline constexpr Unit milliseconds{"ms", 1e3, true};
inline constexpr Unit microseconds{"us", 1e6, true};

/// Does something once and returns how many seconds of that count.
using Run = std::function<double()>;

/// A run of which everything counts.
Run timed(std::function<void()> work);

/// What a run must do at least: the limit is the time of the resource that it needs longest.
struct Cost {
  double read = 0;    ///< bytes
  double copied = 0;  ///< bytes, read and written together
  double float32_operations = 0;
  double int8_operations = 0;
};

/// Another way to the same result; the limit is its time.
struct Rival {
  const char* name;
  Run run;
};

/// A time that is asked for, whatever the machine.
struct Target {
  double seconds;
};

/// Another program that does the same.
struct Peer {
  std::string name;
  /// Does it once; returns the amount that it does in a second, as Work::amount counts it.
  std::function<double()> rate;
};

/// Something to measure.
struct Work {
  Unit unit;
  double amount = 0;  ///< bytes, operations, tokens of a run; for a time how often a run does it
  std::variant<Cost, Rival, Target> bound;
  Run run;
  int rounds = 3;                 ///< at least: fewer where a run takes long
  std::optional<Peer> peer = {};  ///< takes its turn too
};

/// What the command line asks for.
struct Options {
  std::string filter;       ///< lines whose names this regular expression is found in; empty: all
  bool full = false;        ///< what takes long or much room, too
  std::string json_file;    ///< empty: none
  std::string llama_bench;  ///< a llama.cpp build's program; empty: none
  std::string node_llama_cpp;  ///< a folder that has node-llama-cpp installed; empty: none
  bool numpy = false;          ///< measure orders, scans, gathers and reductions with NumPy too
};

/// Measures one thing after another and reports each. Work and what bounds it take turns; the
/// fastest round counts, against what the limit was just before or after it: a machine that others
/// use too changes from second to second, and both are to see the same one.
class Suite {
 public:
  explicit Suite(const Options& options);

  const Options& options() const { return options_; }
  bool full() const { return options_.full; }
  /// Whether lines of this name are asked for.
  bool wants(const std::string& name) const;

  /// Makes the work, if the line is wanted, and measures it.
  void measure(const std::string& name, const std::function<Work()>& make);

  Report& report() { return report_; }

 private:
  Options options_;
  std::regex filter_;
  Report report_;
};

}  // namespace quern::bench
