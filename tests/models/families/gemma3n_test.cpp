#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tests/models/families/gemma_reference.h"

namespace quern::tests {
namespace {

using namespace reference;

constexpr int hidden = 24, vocab = 40, layers = 6, heads = 4, kv_heads = 2, head_dim = 6;
constexpr int streams = 3, active = 1, laurel_rank = 5, first_shared = 4;
constexpr double eps = 1e-6, clip = 0.4;
const std::vector<int> widths = {20, 20, 16, 20, 20, 16};
const std::vector<double> sparsities = {0.95, 0.5, 0, 0, 0.5, 0};
const std::string root = "model.language_model.";

bool slides(int layer) { return layer % 2 == 0; }

GemmaLayerInputs layer_inputs() {
  return {.hidden = hidden, .layers = layers, .size = 7, .vocab_size = 30, .eps = eps};
}

nlohmann::json config() {
  std::vector<std::string> types;
  for (int i = 0; i < layers; ++i)
    types.push_back(slides(i) ? "sliding_attention" : "full_attention");
  const nlohmann::json text = {{"model_type", "gemma3n_text"},
                               {"hidden_size", hidden},
                               {"intermediate_size", widths},
                               {"num_hidden_layers", layers},
                               {"num_attention_heads", heads},
                               {"num_key_value_heads", kv_heads},
                               {"head_dim", head_dim},
                               {"vocab_size", vocab},
                               {"vocab_size_per_layer_input", 30},
                               {"hidden_size_per_layer_input", 7},
                               {"sliding_window", 5},
                               {"layer_types", types},
                               {"activation_sparsity_pattern", sparsities},
                               {"altup_num_inputs", streams},
                               {"altup_active_idx", active},
                               {"altup_coef_clip", clip},
                               {"altup_correct_scale", true},
                               {"laurel_rank", laurel_rank},
                               {"num_kv_shared_layers", layers - first_shared},
                               {"rms_norm_eps", eps},
                               {"rope_theta", 5000.0},
                               {"rope_local_base_freq", 100.0},
                               {"final_logit_softcapping", 8.0}};
  return {{"model_type", "gemma3n"}, {"text_config", text}, {"tie_word_embeddings", true}};
}

TinyTensors tensors() {
  TinyTensors out = {{root + "embed_tokens.weight", {vocab, hidden}, -0.6, 0.6},
                     {root + "norm.weight", {hidden}},
                     {"model.vision_tower.patches.weight", {3, 3}}};
  out = out + layer_inputs().tensors(root);
  for (int i = 0; i + 1 < streams; ++i) {
    for (const char* name : {"altup_projections.", "altup_unembed_projections."})
      out.push_back({root + name + std::to_string(i) + ".weight", {hidden, hidden}});
  }
  for (int i = 0; i < layers; ++i) {
    const int width = widths[size_t(i)], keys = kv_heads * head_dim;
    const TinyTensors layer = {{"input_layernorm.weight", {hidden}},
                               {"post_attention_layernorm.weight", {hidden}},
                               {"pre_feedforward_layernorm.weight", {hidden}},
                               {"post_feedforward_layernorm.weight", {hidden}},
                               {"self_attn.q_proj.weight", {heads * head_dim, hidden}},
                               {"self_attn.k_proj.weight", {keys, hidden}},
                               {"self_attn.v_proj.weight", {keys, hidden}},
                               {"self_attn.o_proj.weight", {hidden, heads * head_dim}},
                               {"self_attn.q_norm.weight", {head_dim}},
                               {"self_attn.k_norm.weight", {head_dim}},
                               {"mlp.gate_proj.weight", {width, hidden}},
                               {"mlp.up_proj.weight", {width, hidden}},
                               {"mlp.down_proj.weight", {hidden, width}},
                               {"laurel.linear_left.weight", {laurel_rank, hidden}},
                               {"laurel.linear_right.weight", {hidden, laurel_rank}},
                               {"laurel.post_laurel_norm.weight", {hidden}},
                               {"altup.router_norm.weight", {hidden}, 4, 20},
                               {"altup.modality_router.weight", {streams, hidden}},
                               {"altup.prediction_coefs.weight", {streams * streams, streams}},
                               {"altup.correction_coefs.weight", {streams, streams}},
                               {"altup.correct_output_scale", {hidden}}};
    for (TinyTensor tensor : layer + layer_inputs().layer_tensors()) {
      tensor.name = root + "layers." + std::to_string(i) + "." + tensor.name;
      out.push_back(tensor);
    }
  }
  return out;
}

double root_mean_square(const Matrix& x, int row) {
  double sum = 0;
  for (int c = 0; c < x.columns; ++c) sum += x(row, c) * x(row, c) / x.columns;
  return std::sqrt(sum);
}

Matrix resized(const Matrix& x, const Matrix& like) {
  Matrix out = x;
  for (int r = 0; r < x.rows; ++r) {
    for (int c = 0; c < x.columns; ++c)
      out(r, c) *= root_mean_square(like, r) / root_mean_square(x, r);
  }
  return out;
}

Matrix modalities(const TinyModel& model, const std::string& altup, const Matrix& x) {
  const Matrix input = rms_norm(x, model(altup + "router_norm.weight"), eps) * (1.0 / hidden);
  return map(linear(input, model(altup + "modality_router.weight")),
             [](double value) { return std::tanh(value); });
}

/// weights(t, column) * x(t, .), added to `to`.
void add_scaled(Matrix& to, const Matrix& x, const Matrix& weights, int column) {
  for (int r = 0; r < x.rows; ++r) {
    for (int c = 0; c < x.columns; ++c) to(r, c) += weights(r, column) * x(r, c);
  }
}

/// How many standard deviations above its mean a normal distribution has this part below it.
double deviations(double part) {
  double low = -10, high = 10;
  while (high - low > 1e-14) {
    const double middle = (low + high) / 2;
    (0.5 * (1 + std::erf(middle / std::sqrt(2.0))) < part ? low : high) = middle;
  }
  return low;
}

Matrix sparse_gates(Matrix gates, double sparsity) {
  if (sparsity == 0) return gates;
  for (int r = 0; r < gates.rows; ++r) {
    double mean = 0, variance = 0;
    for (int c = 0; c < gates.columns; ++c) mean += gates(r, c) / gates.columns;
    for (int c = 0; c < gates.columns; ++c)
      variance += std::pow(gates(r, c) - mean, 2) / gates.columns;
    const double cutoff = mean + deviations(sparsity) * std::sqrt(variance);
    for (int c = 0; c < gates.columns; ++c) gates(r, c) = std::max(0.0, gates(r, c) - cutoff);
  }
  return gates;
}

Matrix expected_logits(const TinyModel& model, const std::vector<int32_t>& tokens) {
  const Matrix embedded = embed(model(root + "embed_tokens.weight"), tokens) * std::sqrt(24.0);
  const std::vector<Matrix> own = layer_inputs()(model, root, tokens, embedded);
  std::vector<Matrix> x = {embedded};
  for (int s = 1; s < streams; ++s) {
    const std::string name = root + "altup_projections." + std::to_string(s - 1) + ".weight";
    x.push_back(resized(linear(embedded, model(name)), embedded));
  }
  std::map<bool, GemmaAttention::Seen> seen;
  for (int i = 0; i < layers; ++i) {
    const std::string at = root + "layers." + std::to_string(i) + ".", altup = at + "altup.";
    const auto project = [&](const Matrix& from, const std::string& name) {
      return linear(from, model(at + name + ".weight"));
    };
    const auto norm = [&](const Matrix& from, const std::string& name) {
      return rms_norm(from, model(at + name + ".weight"), eps);
    };
    const Matrix mixing =
        linear(modalities(model, altup, x[active]), model(altup + "prediction_coefs.weight"));
    std::vector<Matrix> predicted = x;
    for (int s = 0; s < streams; ++s) {
      for (int from = 0; from < streams; ++from)
        add_scaled(predicted[size_t(s)], x[size_t(from)], mixing, s * streams + from);
    }

    const Matrix& current = predicted[active];
    const Matrix a = norm(current, "input_layernorm");
    const Matrix around = a + norm(project(project(a, "laurel.linear_left"), "laurel.linear_right"),
                                   "laurel.post_laurel_norm");
    const GemmaAttention attention{.heads = heads,
                                   .key_value_heads = kv_heads,
                                   .head_dim = head_dim,
                                   .window = slides(i) ? 5 : 0,
                                   .eps = eps,
                                   .periods = rope_periods(slides(i) ? 100 : 5000, head_dim)};
    if (i < first_shared) seen[slides(i)] = attention.seen(model, at + "self_attn.", a);
    const Matrix mixed = norm(attention.attend(model, at + "self_attn.", a, seen.at(slides(i))),
                              "post_attention_layernorm");
    const Matrix between = (current + mixed + around) * std::sqrt(0.5);
    const Matrix b = norm(between, "pre_feedforward_layernorm");
    const Matrix gates =
        map(sparse_gates(project(b, "mlp.gate_proj"), sparsities[size_t(i)]), gelu_tanh);
    const Matrix computed =
        between + norm(project(gates * project(b, "mlp.up_proj"), "mlp.down_proj"),
                       "post_feedforward_layernorm");

    const Matrix clipped = map(model(altup + "correction_coefs.weight"),
                               [](double value) { return std::clamp(value, -clip, clip); });
    const Matrix amounts =
        map(linear(modalities(model, altup, computed), clipped), [](double v) { return v + 1; });
    const Matrix innovation = computed + current * -1;
    std::vector<Matrix> corrected = predicted;
    for (int s = 0; s < streams; ++s) add_scaled(corrected[size_t(s)], innovation, amounts, s);

    Matrix output = corrected[active];
    for (int r = 0; r < output.rows; ++r) {
      for (int c = 0; c < hidden; ++c) output(r, c) *= model(altup + "correct_output_scale")(0, c);
    }
    const Matrix change = layer_inputs().gate(model, at, output, own[size_t(i)]);
    for (int s = 1; s < streams; ++s) corrected[size_t(s)] = corrected[size_t(s)] + change;
    x = corrected;
  }
  Matrix sum = x[0];
  for (int s = 1; s < streams; ++s) {
    const std::string name =
        root + "altup_unembed_projections." + std::to_string(s - 1) + ".weight";
    sum = sum + resized(linear(x[size_t(s)], model(name)), x[0]);
  }
  const Matrix last = rms_norm(sum * (1.0 / streams), model(root + "norm.weight"), eps);
  return map(linear(last, model(root + "embed_tokens.weight")),
             [](double logit) { return 8 * std::tanh(logit / 8); });
}

TEST(Gemma3n, IsAsTheReferenceHasIt) {
  const TinyModel model(config(), tensors());
  std::vector<int32_t> tokens = model.tokens(20);
  tokens[3] = 35;  // beyond the layers' own vocabulary
  expect_near(model.logits(tokens), expected_logits(model, tokens));
  std::vector<std::string> lost;
  for (int i = first_shared; i < layers; ++i) {
    for (const char* name : {"k_proj", "v_proj", "k_norm"})
      lost.push_back("model.layers." + std::to_string(i) + ".self_attn." + name + ".weight");
  }
  expect_sound(model, lost);
}

TEST(Gemma3n, ListsHaveAnEntryForEachLayer) {
  for (const char* key : {"intermediate_size", "activation_sparsity_pattern"}) {
    nlohmann::json json = config();
    json["text_config"][key].erase(0);
    expect_error([&] { TinyModel(json, tensors()); }, {key, "has 5 entries", "6"});
  }
}

TEST(Gemma3n, SharedKeysNeedALayerToTakeThemFrom) {
  nlohmann::json json = config();
  json["text_config"]["num_kv_shared_layers"] = 5;
  expect_error([&] { TinyModel(json, tensors()); }, {"num_kv_shared_layers", "layer 1"});
}

}  // namespace
}  // namespace quern::tests
