#include "models/weights/foreign/repack.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "engine/backend/cpu/thread_pool.h"
#include "engine/ops/host_function.h"
#include "engine/ops/shape.h"
#include "models/error.h"

namespace quern::models {

namespace {

constexpr int rows_at_once = 32;

/// The longest group of ours that divides this one.
std::optional<int> our_group_size(int group_size) {
  for (const int ours : {128, 64, 32, 16}) {
    if (group_size % ours == 0) return ours;
  }
  return std::nullopt;
}

/// Writes n codes as a stream of bits, lowest first.
void pack(const uint8_t* codes, size_t n, int bits, uint8_t* out) {
  if (bits == 8) {
    std::memcpy(out, codes, n);
    return;
  }
  if (bits == 4) {
    for (size_t i = 0; i < n / 2; ++i) out[i] = uint8_t(codes[2 * i] | codes[2 * i + 1] << 4);
    return;
  }
  uint64_t pending = 0;
  int filled = 0;
  for (size_t i = 0; i < n; ++i) {
    pending |= uint64_t(codes[i]) << filled;
    for (filled += bits; filled >= 8; filled -= 8, pending >>= 8) *out++ = uint8_t(pending);
  }
}

void pack_rows(const IntegerMatrix& m, const Arrays& inputs, array& packed) {
  const size_t row_bytes = size_t(m.in) * size_t(m.bits) / 8;
  auto* to = packed.data<uint8_t>();
  cpu::parallel_for(size_t(m.out), rows_at_once, [&](size_t begin, size_t end) {
    std::vector<uint8_t> codes(size_t(rows_at_once) * size_t(m.in));
    for (size_t row = begin; row < end; row += rows_at_once) {
      const size_t count = std::min(end - row, size_t(rows_at_once));
      m.read_rows(inputs, int(row), int(count), codes.data());
      for (size_t i = 0; i < count; ++i) {
        pack(codes.data() + i * size_t(m.in), size_t(m.in), m.bits, to + (row + i) * row_bytes);
      }
    }
  });
}

void write_parameters(const IntegerMatrix& m, int group_size, const Arrays& inputs, array& scales,
                      array& biases) {
  const int groups = m.in / m.group_size, repeats = m.group_size / group_size;
  auto *scale_to = scales.data<float>(), *bias_to = biases.data<float>();
  for (int row = 0; row < m.out; ++row) {
    for (int group = 0; group < groups; ++group) {
      const auto [scale, zero] = m.read_group(inputs, row, group);
      scale_to = std::fill_n(scale_to, repeats, scale);
      bias_to = std::fill_n(bias_to, repeats, -scale * zero);
    }
  }
}

/// Checks the group and adds what all forms have: scales, biases and the note in `quantization`.
void set_parameters(const std::shared_ptr<const IntegerMatrix>& m, QuantizationConfig& quantization,
                    Weights& weights) {
  const auto ours = our_group_size(m->group_size);
  if (!ours || m->in % m->group_size != 0 || int64_t(m->in) * m->bits % 32 != 0) {
    fail_module(m->path,
                fmt::format("has rows of {} in groups of {}, which cannot be computed with", m->in,
                            m->group_size));
  }
  const Shape groups = {m->out, m->in / *ours};
  const auto parameters = host_function(
      [m, ours = *ours](const Arrays& inputs, Arrays& out) {
        write_parameters(*m, ours, inputs, out[0], out[1]);
      },
      m->inputs, {groups, groups}, {float32, float32});
  weights.insert_or_assign(m->path + ".scales", parameters[0]);
  weights.insert_or_assign(m->path + ".biases", parameters[1]);
  set_quantization(m->path, {*ours, m->bits, "affine"}, quantization);
}

}  // namespace

void set_affine(IntegerMatrix matrix, QuantizationConfig& quantization, Weights& weights) {
  const auto m = std::make_shared<const IntegerMatrix>(std::move(matrix));
  set_parameters(m, quantization, weights);
  const Shape words = {m->out, int(int64_t(m->in) * m->bits / 32)};
  weights.insert_or_assign(
      m->path + ".weight",
      host_function([m](const Arrays& inputs, Arrays& out) { pack_rows(*m, inputs, out[0]); },
                    m->inputs, {words}, {uint32})[0]);
}

void set_affine_packed(const array& packed, IntegerMatrix matrix, QuantizationConfig& quantization,
                       Weights& weights) {
  const auto m = std::make_shared<const IntegerMatrix>(std::move(matrix));
  set_parameters(m, quantization, weights);
  weights.insert_or_assign(m->path + ".weight", packed);
}

void set_quantization(const std::string& path, const Quantization& value,
                      QuantizationConfig& quantization) {
  if (!quantization.global) quantization.global = value;
  if (*quantization.global != value) quantization.overrides[path] = value;
}

array as_words(const array& bytes) {
  // What lies in a file may begin anywhere; words must not.
  const bool misaligned = bytes.is_available() && bytes.byte_offset() % sizeof(uint32_t) != 0;
  return view(misaligned ? copy(bytes) : bytes, uint32);
}

std::vector<std::string> modules_with(const Weights& weights, const std::string& ending) {
  std::vector<std::string> paths;
  const std::string end = "." + ending;
  for (const auto& [name, value] : weights) {
    if (name.ends_with(end)) paths.push_back(name.substr(0, name.size() - end.size()));
  }
  return paths;
}

array take_part(Weights& weights, const std::string& path, const std::string& ending, size_t axes) {
  const auto found = find_part(weights, path, ending);
  if (!found) fail_module(path, fmt::format("has no {}", ending));
  if (found->ndim() != axes) {
    fail_module(path, fmt::format("has a {} of shape {}, not one with {} axes", ending,
                                  to_string(found->shape()), axes));
  }
  return *found;
}

std::optional<array> find_part(Weights& weights, const std::string& path,
                               const std::string& ending) {
  auto node = weights.extract(path + "." + ending);
  return node.empty() ? std::nullopt : std::optional(node.mapped());
}

void fail_module(const std::string& path, const std::string& message) {
  throw ModelError(
      fmt::format("[weights] {} {}", path, message),
      "Choose another version of the model: unquantized, GGUF, or quantized by Quern or MLX.");
}

void require_shape(const std::string& path, const char* part, const array& tensor,
                   const Shape& shape) {
  if (tensor.shape() == shape) return;
  fail_module(path, fmt::format("has a {} of shape {}, needed is {}", part,
                                to_string(tensor.shape()), to_string(shape)));
}

}  // namespace quern::models
