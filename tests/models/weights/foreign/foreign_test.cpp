// Each format is written here from integers and scales that the test knows, by its published
// description, and what is read must decode to their products exactly.

#include "models/weights/foreign/foreign.h"

#include <cmath>
#include <random>

#include "engine/graph/eval.h"
#include "engine/ops/cast.h"
#include "engine/ops/quantized.h"
#include "engine/ops/shape.h"
#include "models/weights/weight_matrix.h"
#include "tests/models/model_folder.h"

namespace quern::models {
namespace {

using tests::expect_error;
using Json = nlohmann::json;

struct Foreign {
  Weights weights;
  QuantizationConfig quantization;

  void add(const std::string& name, array value) { weights.insert_or_assign(name, value); }

  void read(const Json& settings) {
    const Json config = {{"quantization_config", settings}};
    const ConfigReader reader(config, "config.json");
    quantization = read_quantization(reader);
    read_foreign_quantization(reader, quantization, weights);
  }

  /// Row-major elements of module "m", as the model computes with them.
  std::vector<float> decoded(int out, int in) {
    WeightReader reader(weights, quantization, float32, "the test");
    const WeightMatrix matrix = WeightMatrix::load(reader, "m", out, in);
    std::vector<int32_t> all;
    for (int i = 0; i < out; ++i) all.push_back(i);
    array rows = contiguous(matrix.rows(array(all.begin(), {out}, int32)));
    rows.eval();
    reader.finish({});
    return {rows.data<float>(), rows.data<float>() + rows.size()};
  }
};

/// Integers q[out][in], zero points and scales [out][groups], that formats write in their own way.
struct Known {
  Known(int out, int in, int group, int bits, bool symmetric)
      : out(out), in(in), group(group), bits(bits), groups(in / group) {
    std::mt19937 random(uint32_t(out + in + bits));
    for (int i = 0; i < out * in; ++i) q.push_back(int(random() >> 8) & ((1 << bits) - 1));
    for (int i = 0; i < out * groups; ++i) {
      zeros.push_back(symmetric ? 1 << (bits - 1) : int(random() >> 8) & ((1 << bits) - 1));
      scales.push_back(float16_t(0.001f + float(random() % 1000) * 1e-5f));
    }
  }

  int code(int row, int k) const { return q[size_t(row * in + k)]; }
  int zero(int row, int g) const { return zeros[size_t(row * groups + g)]; }
  float scale(int row, int g) const { return float(scales[size_t(row * groups + g)]); }

  std::vector<double> values() const {
    std::vector<double> w;
    for (int row = 0; row < out; ++row) {
      for (int k = 0; k < in; ++k) {
        const int g = k / group;
        w.push_back(double(scale(row, g)) * (code(row, k) - zero(row, g)));
      }
    }
    return w;
  }

  /// [groups, out] float16
  array scales_by_group() const {
    std::vector<float> turned;
    for (int g = 0; g < groups; ++g) {
      for (int row = 0; row < out; ++row) turned.push_back(scale(row, g));
    }
    return astype(array(turned.begin(), {groups, out}), float16);
  }
  array scales_by_row() const { return array(scales.begin(), {out, groups}, float16); }

  int out, in, group, bits, groups;
  std::vector<int> q, zeros;
  std::vector<float16_t> scales;
};

/// A stream of integers down the first axis of a matrix [length][width]: word i of a column holds
/// bits 32 i to 32 i + 31.
template <typename F>
array packed_down(int length, int width, int bits, F&& value) {
  std::vector<int32_t> words(size_t(length * bits / 32 * width), 0);
  for (int k = 0; k < length; ++k) {
    for (int c = 0; c < width; ++c) {
      for (int b = 0; b < bits; ++b) {
        const int at = k * bits + b;
        const uint32_t bit = uint32_t(value(k, c)) >> b & 1;
        auto& word = words[size_t(at / 32 * width + c)];
        word = int32_t(uint32_t(word) | bit << (at % 32));
      }
    }
  }
  return array(words.begin(), {length * bits / 32, width}, int32);
}

template <typename F>
array packed_across(int rows, int length, int bits, F&& value) {
  return contiguous(
      transpose(packed_down(length, rows, bits, [&](int k, int c) { return value(c, k); })));
}

void expect_values(const std::vector<float>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    // The terms of scale * q + bias are up to 256 times their sum.
    ASSERT_NEAR(found[i], expected[i], 1e-6 * std::abs(expected[i]) + 3e-7) << i;
  }
}

// AWQ: word c / 8 of a row holds column c in the nibble that this order gives.
constexpr int awq_place[] = {0, 4, 1, 5, 2, 6, 3, 7};

template <typename F>
array awq_packed(int rows, int columns, F&& value) {
  std::vector<int32_t> words(size_t(rows * columns / 8), 0);
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      auto& word = words[size_t(r * columns / 8 + c / 8)];
      word = int32_t(uint32_t(word) | uint32_t(value(r, c)) << (4 * awq_place[c % 8]));
    }
  }
  return array(words.begin(), {rows, columns / 8}, int32);
}

Foreign awq(const Known& known) {
  Foreign out;
  out.add("m.qweight",
          awq_packed(known.in, known.out, [&](int k, int row) { return known.code(row, k); }));
  out.add("m.qzeros",
          awq_packed(known.groups, known.out, [&](int g, int row) { return known.zero(row, g); }));
  out.add("m.scales", known.scales_by_group());
  return out;
}

TEST(ForeignQuantization, Awq) {
  const Known known(40, 256, 128, 4, false);
  Foreign foreign = awq(known);
  foreign.read({{"quant_method", "awq"}, {"bits", 4}, {"group_size", 128}, {"version", "gemm"}});
  EXPECT_EQ(foreign.quantization.of("m"), (Quantization{128, 4, "affine"}));
  expect_values(foreign.decoded(40, 256), known.values());
}

TEST(ForeignQuantization, AwqThatCannotBeRead) {
  Foreign foreign = awq(Known(40, 256, 128, 4, false));
  expect_error(
      [&] {
        foreign.read({{"quant_method", "awq"}, {"version", "gemv"}});
      },
      {"quantization_config.version", "gemv"});
  expect_error([&] { foreign.read({{"quant_method", "awq"}, {"bits", 8}}); }, {"bits is 8"});
  foreign.weights.erase("m.qzeros");
  expect_error([&] { foreign.read({{"quant_method", "awq"}}); }, {"[weights] m", "no qzeros"});
}

Foreign gptq(const Known& known, int added) {
  Foreign out;
  const int mask = (1 << known.bits) - 1;
  out.add("m.qweight", packed_down(known.in, known.out, known.bits,
                                   [&](int k, int row) { return known.code(row, k); }));
  out.add("m.qzeros", packed_across(known.groups, known.out, known.bits, [&](int g, int row) {
            return (known.zero(row, g) - added) & mask;
          }));
  out.add("m.scales", known.scales_by_group());
  std::vector<int32_t> order;
  for (int k = 0; k < known.in; ++k) order.push_back(k / known.group);
  out.add("m.g_idx", array(order.begin(), {known.in}, int32));
  return out;
}

TEST(ForeignQuantization, Gptq) {
  for (const int bits : {2, 3, 4, 8}) {
    for (const bool symmetric : {true, false}) {
      SCOPED_TRACE(testing::Message() << bits << " bits, symmetric " << symmetric);
      const Known known(64, 192, 64, bits, symmetric);
      Foreign first = gptq(known, 1);
      first.read({{"quant_method", "gptq"}, {"bits", bits}, {"group_size", 64}});
      EXPECT_EQ(first.quantization.of("m"), (Quantization{64, bits, "affine"}));
      expect_values(first.decoded(64, 192), known.values());
      Foreign second = gptq(known, 0);
      second.read({{"quant_method", "gptq"}, {"bits", bits}, {"checkpoint_format", "gptq_v2"}});
      expect_values(second.decoded(64, 192), known.values());
    }
  }
}

TEST(ForeignQuantization, AGroupForEachRowBecomesSeveral) {
  const Known known(32, 384, 384, 4, true);
  Foreign foreign = gptq(known, 1);
  foreign.read({{"quant_method", "gptq"}, {"bits", 4}, {"group_size", -1}});
  EXPECT_EQ(foreign.quantization.of("m"), (Quantization{128, 4, "affine"}));
  expect_values(foreign.decoded(32, 384), known.values());
}

TEST(ForeignQuantization, GptqWithReorderedInputsSaysWhyNot) {
  Foreign foreign = gptq(Known(32, 128, 64, 4, true), 1);
  std::vector<int32_t> order(128);
  for (int k = 0; k < 128; ++k) order[size_t(k)] = k % 2;
  foreign.add("m.g_idx", array(order.begin(), {128}, int32));
  expect_error(
      [&] {
        foreign.read({{"quant_method", "gptq"}, {"bits", 4}});
      },
      {"[weights] m", "reordered", "desc_act"});
}

TEST(ForeignQuantization, CompressedTensorsPacked) {
  for (const int bits : {4, 8}) {
    for (const bool symmetric : {true, false}) {
      for (const int group : {32, 256}) {
        const Known known(48, 256, group, bits, symmetric);
        Foreign foreign;
        foreign.add("m.weight_packed", packed_across(48, 256, bits, [&](int row, int k) {
                      return known.code(row, k);
                    }));
        foreign.add("m.weight_shape", array({48, 256}, int64));
        foreign.add("m.weight_scale", known.scales_by_row());
        if (!symmetric) {
          foreign.add("m.weight_zero_point",
                      packed_down(48, known.groups, bits,
                                  [&](int row, int g) { return known.zero(row, g); }));
        }
        foreign.read({{"quant_method", "compressed-tensors"}, {"format", "pack-quantized"}});
        EXPECT_EQ(foreign.quantization.of("m"),
                  (Quantization{std::min(group, 128), bits, "affine"}));
        expect_values(foreign.decoded(48, 256), known.values());
      }
    }
  }
}

TEST(ForeignQuantization, CompressedTensorsInt8) {
  const Known known(16, 128, 128, 8, true);
  std::vector<int> values;
  for (const int q : known.q) values.push_back(q - 128);
  Foreign foreign;
  foreign.add("m.weight", array(values.begin(), {16, 128}, int8));
  foreign.add("m.weight_scale", known.scales_by_row());
  foreign.read({{"quant_method", "compressed-tensors"}, {"format", "int-quantized"}});
  expect_values(foreign.decoded(16, 128), known.values());
}

TEST(ForeignQuantization, CompressedTensorsNvfp4) {
  // e2m1 codes 0 to 15 in turn; e4m3 scales 0x30 (0.5) and 0x41 (2.25); a global scale of 4.
  constexpr double e2m1[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6};
  std::vector<int> bytes, scales;
  std::vector<double> expected;
  for (int i = 0; i < 8 * 32; ++i) {
    bytes.push_back(2 * i % 16 | (2 * i + 1) % 16 << 4);
    for (const int code : {2 * i % 16, (2 * i + 1) % 16}) {
      expected.push_back(e2m1[code] * (i / 8 % 2 == 0 ? 0.5 : 2.25) / 4);
    }
    if (i % 8 == 0) scales.push_back(i / 8 % 2 == 0 ? 0x30 : 0x41);
  }
  Foreign foreign;
  foreign.add("m.weight_packed", array(bytes.begin(), {8, 32}, uint8));
  foreign.add("m.weight_scale", array(scales.begin(), {8, 4}, uint8));
  foreign.add("m.weight_global_scale", array({4.0f}));
  foreign.add("m.input_global_scale", array({7.0f}));
  foreign.read({{"quant_method", "compressed-tensors"}, {"format", "nvfp4-pack-quantized"}});
  EXPECT_EQ(foreign.quantization.of("m"), (Quantization{16, 4, "nvfp4"}));
  expect_values(foreign.decoded(8, 64), expected);
}

TEST(ForeignQuantization, BitNet) {
  const int out = 20, in = 64, quarter = out / 4;
  std::vector<int> ternary, bytes(size_t(quarter * in), 0);
  for (int i = 0; i < out * in; ++i) ternary.push_back(i * i % 7 % 3 - 1);
  for (int row = 0; row < out; ++row) {
    for (int k = 0; k < in; ++k) {
      bytes[size_t(row % quarter * in + k)] |= (ternary[size_t(row * in + k)] + 1)
                                               << (row / quarter * 2);
    }
  }
  for (const bool divides : {true, false}) {
    Foreign foreign;
    foreign.add("m.weight", array(bytes.begin(), {quarter, in}, uint8));
    foreign.add("m.weight_scale", astype(array({2.5f}), bfloat16));
    foreign.read({{"quant_method", "bitnet"},
                  {"linear_class", divides ? "bitlinear" : "autobitlinear"},
                  {"quantization_mode", "offline"}});
    EXPECT_EQ(foreign.quantization.of("m")->bits, 2);
    std::vector<double> expected;
    for (const int t : ternary) expected.push_back(divides ? t / 2.5 : t * 2.5);
    expect_values(foreign.decoded(out, in), expected);
  }
}

/// An e4m3 by its definition.
double e4m3(int code) {
  const int exponent = code >> 3 & 15, mantissa = code & 7;
  const double value =
      exponent == 0 ? std::ldexp(mantissa, -9) : std::ldexp(8 + mantissa, exponent - 10);
  return code & 0x80 ? -value : value;
}

class Fp8 : public testing::TestWithParam<std::tuple<const char*, Shape, int, int>> {};

TEST_P(Fp8, BecomesFloats) {
  const auto& [ending, scale_shape, rows, columns] = GetParam();
  const int out = 144, in = 160;
  std::vector<int> codes;
  for (int i = 0; i < out * in; ++i) codes.push_back(i * 37 % 256 & 0xf7);  // never NaN
  std::vector<float> scales;
  for (size_t i = 0; i < element_count(scale_shape); ++i)
    scales.push_back(0.25f + 0.125f * float(i % 8));
  Foreign foreign;
  foreign.add("m.weight", array(codes.begin(), {out, in}, uint8));
  foreign.add(std::string("m.") + ending, array(scales.begin(), scale_shape));
  foreign.add("m.activation_scale", array(1.0f));
  foreign.read({{"quant_method", "fp8"}});
  const auto found = foreign.decoded(out, in);
  const int across = (in + columns - 1) / columns;
  for (int i = 0; i < out * in; ++i) {
    const float scale = scales[size_t(i / in / rows * across + i % in / columns)];
    ASSERT_EQ(found[size_t(i)], float(bfloat16_t(float(e4m3(codes[size_t(i)]) * double(scale)))))
        << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Scales, Fp8,
                         testing::Values(std::tuple("weight_scale_inv", Shape{2, 2}, 128, 128),
                                         std::tuple("weight_scale_inv", Shape{}, 144, 160),
                                         std::tuple("weight_scale", Shape{144, 1}, 1, 160),
                                         std::tuple("weight_scale", Shape{144}, 1, 160)));

TEST(ForeignQuantization, Fp8ScalesThatDoNotFitAreNamed) {
  Foreign foreign;
  foreign.add("m.weight", array(std::vector<int>(64).begin(), {8, 8}, uint8));
  foreign.add("m.weight_scale_inv", array({1.0f, 2.0f, 3.0f}, {3, 1}));
  expect_error([&] { foreign.read({{"quant_method", "fp8"}}); }, {"[weights] m", "(8,8)", "(3,1)"});
}

}  // namespace
}  // namespace quern::models
