#pragma once

#include <functional>
#include <string>

#include "engine/array/array.h"

/// Initial values of parameters: each function returns one that makes, for an array, new values of
/// its shape.
namespace quern::nn::init {

using Initializer = std::function<array(const array&)>;

Initializer constant(double value, Dtype dtype = float32);
Initializer normal(float mean = 0.0f, float std = 1.0f, Dtype dtype = float32);
Initializer uniform(float low = 0.0f, float high = 1.0f, Dtype dtype = float32);
/// Throws std::invalid_argument for an array that is not a square matrix.
Initializer identity(Dtype dtype = float32);

// Spread by the fans of an array [out, ..., in]: in times and out times the product of the lengths
// between. What these return throws std::invalid_argument for fewer than 2 axes.

/// A function object: gain is 1 when it is left out.
struct Glorot {
  bool is_normal;
  Dtype dtype;
  array operator()(const array& a, float gain = 1.0f) const;
};
/// ... and mode, which fan counts: "fan_in" or "fan_out". Throws std::invalid_argument for another.
struct He {
  bool is_normal;
  Dtype dtype;
  array operator()(const array& a, const std::string& mode = "fan_in", float gain = 1.0f) const;
};

/// Deviation gain * sqrt(2 / (fan_in + fan_out)); limits of sqrt(3) times that (Glorot & Bengio
/// 2010).
inline Glorot glorot_normal(Dtype dtype = float32) { return {true, dtype}; }
inline Glorot glorot_uniform(Dtype dtype = float32) { return {false, dtype}; }
/// Deviation gain / sqrt(fan); limits of sqrt(3) times that (He et al. 2015).
inline He he_normal(Dtype dtype = float32) { return {true, dtype}; }
inline He he_uniform(Dtype dtype = float32) { return {false, dtype}; }

/// Normal, with ceil(sparsity * columns) elements of each row zeroed at random. Throws
/// std::invalid_argument for an array that is not a matrix.
Initializer sparse(double sparsity, float mean = 0.0f, float std = 1.0f, Dtype dtype = float32);
/// A part of a random orthogonal matrix, times gain (Saxe et al. 2014). Throws
/// std::invalid_argument for an array that is not a matrix.
Initializer orthogonal(float gain = 1.0f, Dtype dtype = float32);

}  // namespace quern::nn::init
