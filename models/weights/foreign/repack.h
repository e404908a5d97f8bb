#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "models/config/quantization_config.h"
#include "models/weights/weights.h"

namespace quern::models {

/// A matrix [out, in] of unsigned integers with groups along the rows, as another program's tensors
/// say it. The functions get the inputs evaluated and row-major.
struct IntegerMatrix {
  std::string path;  ///< of the module
  int out, in;
  int bits;
  int group_size;  ///< of the file
  Arrays inputs;
  /// Writes the integers of rows first, ..., first + count - 1: [count, in].
  std::function<void(const Arrays& inputs, int first, int count, uint8_t* codes)> read_rows;
  /// The scale and the zero point of a row's group: w = scale * (q - zero).
  std::function<std::pair<float, float>(const Arrays& inputs, int row, int group)> read_group;
};

/// Replaces or adds PATH.weight, PATH.scales and PATH.biases, lazily, and says in `quantization`
/// how they are. Groups that are longer than ours become several with the same parameters. Throws
/// ModelError when no group size of ours divides the file's.
void set_affine(IntegerMatrix matrix, QuantizationConfig& quantization, Weights& weights);

/// The same when the integers lie as ours do already: `packed` as uint32 [out, in * bits / 32].
/// inputs and read_group are as above; read_rows is not used.
void set_affine_packed(const array& packed, IntegerMatrix matrix, QuantizationConfig& quantization,
                       Weights& weights);

/// Says that a module is quantized this way: the first one's is the global quantization.
void set_quantization(const std::string& path, const Quantization& value,
                      QuantizationConfig& quantization);

/// Bytes as words, whatever the dtype was; the last axis shrinks or grows.
array as_words(const array& bytes);

/// PATHs of modules that have a tensor PATH.ENDING.
std::vector<std::string> modules_with(const Weights& weights, const std::string& ending);

/// Takes PATH.ENDING out of the weights. Throws ModelError when it is not there or has not so many
/// axes.
array take_part(Weights& weights, const std::string& path, const std::string& ending, size_t axes);
/// The same of what may be absent.
std::optional<array> find_part(Weights& weights, const std::string& path,
                               const std::string& ending);

/// Throws ModelError: `[weights] PATH MESSAGE`.
[[noreturn]] void fail_module(const std::string& path, const std::string& message);
void require_shape(const std::string& path, const char* part, const array& tensor,
                   const Shape& shape);

}  // namespace quern::models
