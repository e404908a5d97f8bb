#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>

namespace quern::models {

/// How far a conversion is.
struct ConversionProgress {
  size_t bytes_done = 0;  ///< of what is written
  size_t bytes_total = 0;
  std::string tensor;  ///< the one that is next
};

/// What follows a conversion and may stop it. `report` runs on the thread that converts, before
/// each tensor.
struct ConversionWatch {
  std::function<void(const ConversionProgress&)> report = {};
  std::stop_token stop = {};
};

/// Thrown out of the writers when the stop token says so; convert() answers it by leaving nothing
/// behind.
struct ConversionStopped {};

/// Counts what is written and calls the watch.
class ProgressCounter {
 public:
  ProgressCounter(const ConversionWatch& watch, size_t bytes_total) : watch_(watch) {
    progress_.bytes_total = bytes_total;
  }

  /// Before a tensor. Throws ConversionStopped.
  void begin(const std::string& tensor) {
    if (watch_.stop.stop_requested()) throw ConversionStopped();
    progress_.tensor = tensor;
    if (watch_.report) watch_.report(progress_);
  }
  void end(size_t bytes) { progress_.bytes_done += bytes; }

 private:
  const ConversionWatch& watch_;
  ConversionProgress progress_;
};

}  // namespace quern::models
