#pragma once

#include <cmath>
#include <cstdint>

namespace quern::models {

/// Mean of numbers that come one by one, and how sure it is (Welford 1962).
class RunningMean {
 public:
  void add(double x) {
    const double before = x - mean_;
    mean_ += before / double(++count_);
    squares_ += before * (x - mean_);
  }

  int64_t count() const { return count_; }
  double mean() const { return mean_; }

  /// Of the mean; 0 with fewer than two numbers.
  double standard_error() const {
    if (count_ < 2) return 0;
    return std::sqrt(squares_ / double(count_ - 1) / double(count_));
  }

 private:
  int64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;  ///< sum of squared distances from the mean
};

}  // namespace quern::models
