#include "engine/ops/fast.h"

#include <gtest/gtest.h>

#include "engine/memory/memory.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/shape.h"
#include "engine/transforms/transforms.h"
#include "tests/engine/ops/reference.h"
#include "tests/engine/transforms/agreement.h"

namespace quern::tests {
namespace {

struct FastCase {
  std::string name;
  ArrayFunction fun;
  Arrays inputs;  ///< float64
};

std::optional<array> given(const Arrays& in, size_t i) {
  return i < in.size() ? std::optional(in[i]) : std::nullopt;
}

std::vector<FastCase> norms() {
  const auto rms = [](const Arrays& in) {
    return Arrays{fast::rms_norm(in[0], given(in, 1), 1e-3f)};
  };
  const auto layer = [](const Arrays& in) {
    return Arrays{fast::layer_norm(in[0], given(in, 1), given(in, 2), 1e-3f)};
  };
  const auto only_bias = [](const Arrays& in) {
    return Arrays{fast::layer_norm(in[0], std::nullopt, in[1], 1e-3f)};
  };
  return {
      {"rms_norm", rms, {values({3, 2, 7}, 1)}},
      {"rms_norm of a row with weight", rms, {values({19}, 1), values({19}, 2)}},
      {"rms_norm with weight", rms, {values({40, 33}, 1), values({33}, 2)}},
      {"layer_norm", layer, {values({3, 2, 7}, 1)}},
      {"layer_norm with weight", layer, {values({5, 33}, 1), values({33}, 2)}},
      {"layer_norm with both", layer, {values({40, 2, 33}, 1), values({33}, 2), values({33}, 3)}},
      {"layer_norm with bias", only_bias, {values({5, 8}, 1), values({8}, 2)}},
  };
}

std::vector<FastCase> losses() {
  return {{"cross_entropy",
           [](const Arrays& in) {
             return Arrays{fast::cross_entropy(in[0], array({0, 6, -2, 3, 1, 6}, {3, 2}, int32))};
           },
           {values({3, 2, 7}, 1, -3, 3)}}};
}

std::vector<FastCase> ropes() {
  std::vector<FastCase> cases;
  for (const bool traditional : {false, true}) {
    for (const int dims : {8, 6}) {
      const std::string name =
          std::string("rope ") + (traditional ? "traditional " : "") + std::to_string(dims);
      cases.push_back({name,
                       [=](const Arrays& in) {
                         return Arrays{fast::rope(in[0], dims, traditional, 100.0f, 0.5f, 3)};
                       },
                       {values({2, 3, 4, 8}, 1)}});
      cases.push_back({name + " offsets and frequencies",
                       [=](const Arrays& in) {
                         const array freqs = astype(values({dims / 2}, 5, 1, 3), float32);
                         return Arrays{fast::rope(in[0], dims, traditional, std::nullopt, 1.0f,
                                                  array({4, 0}, int32), freqs)};
                       },
                       {values({2, 4, 8}, 1)}});
    }
  }
  return cases;
}

struct Heads {
  int query = 2, key = 1, queries = 5, keys = 7, width = 4, value_width = 3;
};

Arrays attention_inputs(const Heads& h, bool sinks) {
  Arrays in = {values({2, h.query, h.queries, h.width}, 1), values({2, h.key, h.keys, h.width}, 2),
               values({2, h.key, h.keys, h.value_width}, 3)};
  if (sinks) in.push_back(values({h.query}, 4));
  return in;
}

ArrayFunction attention(const std::string& mode, std::optional<array> mask = std::nullopt,
                        float scale = 0.7f) {
  return [=](const Arrays& in) {
    return Arrays{
        fast::scaled_dot_product_attention(in[0], in[1], in[2], scale, mode, mask, given(in, 3))};
  };
}

/// The mask is the fourth input, and has a gradient.
ArrayFunction attention_with_mask() {
  return [](const Arrays& in) {
    return Arrays{fast::scaled_dot_product_attention(in[0], in[1], in[2], 0.7f, "array", in[3],
                                                     given(in, 4))};
  };
}

std::vector<FastCase> attentions() {
  const Heads small{}, grouped{4, 2, 6, 6, 4, 4}, long_queries{2, 2, 9, 4, 3, 5};
  const array kept = greater(values({5, 7}, 9), array(-0.3, float64));
  array none_kept = slice_update(kept, zeros({1, 7}, bool_), {2, 0}, {3, 7});
  std::vector<FastCase> cases = {
      {"attention", attention(""), attention_inputs(small, false)},
      {"attention causal", attention("causal"), attention_inputs(grouped, false)},
      {"attention causal, some see nothing", attention("causal"),
       attention_inputs(long_queries, false)},
      {"attention sinks", attention("", std::nullopt, 0.5f), attention_inputs(grouped, true)},
      {"attention bool mask", attention("array", kept), attention_inputs(small, true)},
      {"attention bool mask that hides all", attention("array", none_kept),
       attention_inputs(small, false)},
  };
  for (const Shape& shape : {Shape{2, 2, 5, 7}, Shape{2, 1, 7}, Shape{7}}) {
    Arrays in = attention_inputs(small, false);
    in.push_back(values(shape, 6));
    cases.push_back({"attention additive mask", attention_with_mask(), in});
  }
  return cases;
}

std::vector<FastCase> all_cases() {
  std::vector<FastCase> all = norms();
  for (auto* more : {&losses, &ropes, &attentions}) {
    for (FastCase& c : more()) all.push_back(std::move(c));
  }
  return all;
}

TEST(FastTransforms, GradientsInFloat64AreTrue) {
  for (const FastCase& c : all_cases()) expect_gradients(c.name, c.fun, c.inputs);
}

TEST(FastTransforms, FusedGradientsOfAnyOrderAgreeWithFloat64) {
  for (const FastCase& c : all_cases()) expect_agreement(c.name, c.fun, c.inputs);
}

TEST(FastTransforms, FusedGradientsOfHalvesAgree) {
  for (const Dtype dtype : {float16, bfloat16}) {
    for (const FastCase& c : {norms()[2], norms()[5], losses()[0], ropes()[0], attentions()[1]})
      expect_agreement(c.name, c.fun, c.inputs, 6 * precision(dtype), dtype);
  }
}

Arrays as_float32(const Arrays& inputs) {
  Arrays out;
  for (const array& a : inputs) out.push_back(astype(a, float32));
  return out;
}

TEST(FastTransforms, Batches) {
  for (const FastCase& c : all_cases()) expect_vmap(c.name, c.fun, as_float32(c.inputs), 3e-5);
}

TEST(FastTransforms, BatchesOfGradients) {
  for (const FastCase& c : all_cases()) {
    const Arrays inputs = as_float32(c.inputs), outputs = c.fun(inputs);
    const ArrayFunction gradient = [&](const Arrays& in) {
      const Arrays cotangents = {astype(values(outputs[0].shape(), 5), float32)};
      return vjp(c.fun, in, cotangents).second;
    };
    expect_vmap(c.name + " gradient", gradient, inputs, 1e-4);
  }
}

TEST(FastTransforms, ABatchOfOffsetsTurnsEachByItsOwn) {
  const array x = astype(values({2, 3, 4, 8}, 1), float32);
  const array offsets({1, 5, 0, 9}, {2, 2}, int32);
  const auto fun = [](const array& offset, const array& in) {
    return fast::rope(in, 8, false, 100.0f, 1.0f, offset);
  };
  const array got = vmap(fun, 1, -1)(offsets, x);
  for (int i = 0; i < 2; ++i) {
    const array offset = squeeze(slice(offsets, {0, i}, {2, i + 1}), 1);
    expect_close(squeeze(slice(got, {i, 0, 0, 0, 0}, {i + 1, 2, 3, 4, 8}), 0),
                 doubles(fun(offset, x)), 0, 1e-6);
  }
}

TEST(FastTransforms, LongAttentionsAreDifferentiatedByBlocks) {
  const Heads h{4, 2, 300, 700, 24, 16};
  const auto check = [&](const std::string& name, const ArrayFunction& fun, bool sinks) {
    const Arrays wide = attention_inputs(h, sinks), narrow = as_float32(wide);
    const array cotangent = values(fun(wide)[0].shape(), 8);
    const Arrays want = vjp(fun, wide, {cotangent}).second,
                 got = vjp(fun, narrow, {astype(cotangent, float32)}).second;
    for (size_t i = 0; i < want.size(); ++i) {
      SCOPED_TRACE(name);
      expect_close(got[i], doubles(want[i]), 1e-4, 1e-4);
    }
  };
  check("all", attention(""), false);
  check("causal", attention("causal"), true);
  check("mask", attention("array", greater(values({2, 1, 300, 700}, 5), array(0.0, float64))),
        false);
}

TEST(FastTransforms, AGradientOfAttentionNeverHasAllScores) {
  const Shape shape{1, 1, 4096, 8};
  const array q = astype(values(shape, 1), float32), k = astype(values(shape, 2), float32);
  eval(q, k);
  const auto fun = [](const Arrays& in) {
    return Arrays{fast::scaled_dot_product_attention(in[0], in[1], in[1], 0.3f, "causal")};
  };
  const size_t before = get_active_memory();
  reset_peak_memory();
  eval(vjp(fun, {q, k}, {q}).second);
  EXPECT_LT(get_peak_memory() - before, size_t(4096) * 4096);  // bytes: a quarter of the scores
}

TEST(FastTransforms, EmptyInputsHaveEmptyGradients) {
  const auto fun = [](const Arrays& in) { return Arrays{fast::rms_norm(in[0], in[1], 1e-5f)}; };
  const array x = zeros({0, 4}), weight = ones({4});
  const Arrays gradients = vjp(fun, {x, weight}, {x}).second;
  EXPECT_EQ(gradients[0].shape(), (Shape{0, 4}));
  expect_close(gradients[1], {0, 0, 0, 0}, 0, 0);
  const auto attend = [](const Arrays& in) {
    return Arrays{fast::scaled_dot_product_attention(in[0], in[1], in[1], 1.0f)};
  };
  const array none = zeros({1, 1, 0, 4}), keys = ones({1, 1, 3, 4});
  expect_close(vjp(attend, {none, keys}, {none}).second[1], std::vector<double>(12, 0), 0, 0);
}

}  // namespace
}  // namespace quern::tests
