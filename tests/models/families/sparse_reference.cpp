#include "tests/models/families/sparse_reference.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace quern::tests::reference {

std::vector<int> best(const std::vector<double>& scores, int k) {
  std::vector<int> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return scores[size_t(a)] > scores[size_t(b)]; });
  order.resize(size_t(k));
  return order;
}

Route route_to(const std::vector<int>& chosen, const std::vector<double>& weights, bool normalised,
               double scale) {
  double sum = 0;
  for (const int e : chosen) sum += weights[size_t(e)];
  Route route;
  for (const int e : chosen)
    route.emplace_back(e, weights[size_t(e)] * scale / (normalised ? sum : 1));
  return route;
}

Route softmax_route(const std::vector<double>& logits, int k, bool normalised) {
  return route_to(best(logits, k), softmax(logits), normalised);
}

Route sparse_mixer_route(const std::vector<double>& logits, double tie_width) {
  Route route;
  std::vector<double> left = logits;
  for (int i = 0; i < 2; ++i) {
    const auto top = size_t(best(left, 1)[0]);
    double sum = 0;
    for (size_t e = 0; e < left.size(); ++e) {
      const double distance = (left[top] - logits[e]) / std::max(std::abs(logits[e]), left[top]);
      if (distance <= 2 * tie_width) sum += std::exp(left[e] - left[top]);
    }
    route.emplace_back(int(top), 1 / sum);
    left[top] = -INFINITY;
  }
  return route;
}

Matrix mixture(const Matrix& x, const Matrix& logits,
               const std::function<Route(const std::vector<double>&)>& route,
               const std::function<Matrix(const Matrix&, int)>& expert) {
  Matrix out(x.rows, x.columns);
  for (int t = 0; t < x.rows; ++t) {
    const Matrix token = rows(x, t, t + 1);
    for (const auto& [e, weight] : route(rows(logits, t, t + 1).values)) {
      const Matrix made = expert(token, e);
      for (int c = 0; c < x.columns; ++c) out(t, c) += weight * made(0, c);
    }
  }
  return out;
}

Matrix swiglu(const Matrix& x, const Matrix& gate, const Matrix& up, const Matrix& down) {
  return linear(map(linear(x, gate), silu) * linear(x, up), down);
}

Matrix transposed_part(const Matrix& stacked, int e, int in) {
  Matrix out(stacked.columns, in);
  for (int o = 0; o < stacked.columns; ++o)
    for (int i = 0; i < in; ++i) out(o, i) = stacked(e * in + i, o);
  return out;
}

Matrix Network::project(const Matrix& x, const std::string& path) const {
  const Matrix& weight = model(path + ".weight");
  return model.has(path + ".bias") ? linear(x, weight, model(path + ".bias")) : linear(x, weight);
}

Matrix Network::mlp(const Matrix& x, const std::string& path) const {
  return project(map(project(x, path + ".gate_proj"), silu) * project(x, path + ".up_proj"),
                 path + ".down_proj");
}

Matrix Network::logits(const std::vector<int32_t>& tokens) const {
  const auto normed = [&](const Matrix& x, const std::string& path) {
    return norm ? norm(x, path) : rms_norm(x, model(path + ".weight"), 1e-5);
  };
  Matrix x = embed(model("model.embed_tokens.weight"), tokens) * embedding_scale;
  for (int i = 0; i < int(model.spec().layers.size()); ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    x = x + attend(normed(x, layer + "input_layernorm"), layer, i) * residual_scale;
    x = x + feed(normed(x, layer + "post_attention_layernorm"), layer, i) * residual_scale;
  }
  return project(normed(x, "model.norm"), "lm_head") * logit_scale;
}

}  // namespace quern::tests::reference
