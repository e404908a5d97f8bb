#include "tests/models/families/recurrent_reference.h"

#include <algorithm>
#include <cmath>

namespace quern::tests::reference {

namespace {

Matrix bias_of(const TinyModel& model, const std::string& path) {
  return model.has(path + ".bias") ? model(path + ".bias") : Matrix{};
}

}  // namespace

Matrix project(const TinyModel& model, const std::string& path, const Matrix& x) {
  const Matrix bias = bias_of(model, path);
  return bias.rows ? linear(x, model(path + ".weight"), bias) : linear(x, model(path + ".weight"));
}

Matrix causal_conv(const Matrix& x, const Matrix& weight, const Matrix& bias) {
  Matrix out(x.rows, x.columns);
  for (int t = 0; t < x.rows; ++t) {
    for (int c = 0; c < x.columns; ++c) {
      double sum = bias.rows ? bias(0, c) : 0;
      for (int k = 0; k < weight.columns; ++k) {
        const int from = t - (weight.columns - 1 - k);
        if (from >= 0) sum += weight(c, k) * x(from, c);
      }
      out(t, c) = sum;
    }
  }
  return out;
}

Matrix short_conv(const TinyModel& model, const std::string& path, const Matrix& x) {
  const Matrix all = project(model, path + ".in_proj", x);
  const int size = all.columns / 3;
  const Matrix gated = columns(all, 0, size) * columns(all, 2 * size, 3 * size);
  const Matrix mixed =
      causal_conv(gated, model(path + ".conv.weight"), bias_of(model, path + ".conv"));
  return project(model, path + ".out_proj", columns(all, size, 2 * size) * mixed);
}

Matrix gated_delta(const TinyModel& model, const std::string& path, const Matrix& x,
                   const DeltaSizes& sizes, double eps) {
  const auto [key_heads, value_heads, key_dim, value_dim] = sizes;
  const int keys = key_heads * key_dim, values = value_heads * value_dim;
  const int repeats = value_heads / key_heads;
  Matrix qkv(x.rows, 2 * keys + values), z(x.rows, values), b(x.rows, value_heads),
      a(x.rows, value_heads);
  if (model.has(path + ".in_proj_qkvz.weight")) {
    const Matrix qkvz = project(model, path + ".in_proj_qkvz", x);
    const Matrix ba = project(model, path + ".in_proj_ba", x);
    const int per_head = qkvz.columns / key_heads;
    for (int t = 0; t < x.rows; ++t) {
      for (int h = 0; h < key_heads; ++h) {
        int from = h * per_head;
        for (int n = 0; n < key_dim; ++n) qkv(t, h * key_dim + n) = qkvz(t, from++);
        for (int n = 0; n < key_dim; ++n) qkv(t, keys + h * key_dim + n) = qkvz(t, from++);
        const int first = h * repeats * value_dim;
        for (int n = 0; n < repeats * value_dim; ++n)
          qkv(t, 2 * keys + first + n) = qkvz(t, from++);
        for (int n = 0; n < repeats * value_dim; ++n) z(t, first + n) = qkvz(t, from++);
        for (int r = 0; r < repeats; ++r) {
          b(t, h * repeats + r) = ba(t, h * 2 * repeats + r);
          a(t, h * repeats + r) = ba(t, h * 2 * repeats + repeats + r);
        }
      }
    }
  } else {
    qkv = project(model, path + ".in_proj_qkv", x);
    z = project(model, path + ".in_proj_z", x);
    b = project(model, path + ".in_proj_b", x);
    a = project(model, path + ".in_proj_a", x);
  }
  const Matrix mixed = map(causal_conv(qkv, model(path + ".conv1d.weight"), {}), silu);
  Matrix out(x.rows, values);
  for (int h = 0; h < value_heads; ++h) {
    const double rate = std::exp(model(path + ".A_log")(0, h));
    const double bias = model(path + ".dt_bias")(0, h);
    const int at_key = h / repeats * key_dim, at_value = h * value_dim;
    Matrix state(key_dim, value_dim);
    for (int t = 0; t < x.rows; ++t) {
      const auto unit = [&, key_dim = key_dim](int first) {
        std::vector<double> row;
        double sum = 0;
        for (int n = 0; n < key_dim; ++n) {
          row.push_back(mixed(t, first + n));
          sum += row.back() * row.back();
        }
        for (double& value : row) value /= std::sqrt(sum + 1e-6);
        return row;
      };
      const std::vector<double> q = unit(at_key), k = unit(keys + at_key);
      const double decay = std::exp(-rate * softplus(a(t, h) + bias));
      for (double& value : state.values) value *= decay;
      for (int p = 0; p < value_dim; ++p) {
        double change = mixed(t, 2 * keys + at_value + p);
        for (int n = 0; n < key_dim; ++n) change -= state(n, p) * k[size_t(n)];
        change *= sigmoid(b(t, h));
        double sum = 0;
        for (int n = 0; n < key_dim; ++n) {
          state(n, p) += k[size_t(n)] * change;
          sum += state(n, p) * q[size_t(n)];
        }
        out(t, at_value + p) = sum / std::sqrt(double(key_dim));
      }
    }
  }
  const Matrix normed = rms_norm(out, model(path + ".norm.weight"), eps, value_heads);
  return project(model, path + ".out_proj", open(normed, z));
}

Matrix mamba(const TinyModel& model, const std::string& path, const Matrix& x,
             const MambaSizes& sizes,
             const std::function<Matrix(const Matrix&, const std::string&)>& norms) {
  const auto [inner, state_size, rank] = sizes;
  const Matrix both = project(model, path + ".in_proj", x);
  const Matrix u = map(causal_conv(columns(both, 0, inner), model(path + ".conv1d.weight"),
                                   bias_of(model, path + ".conv1d")),
                       silu);
  const Matrix parameters = project(model, path + ".x_proj", u);
  Matrix low = columns(parameters, 0, rank);
  Matrix b = columns(parameters, rank, rank + state_size);
  Matrix c = columns(parameters, rank + state_size, rank + 2 * state_size);
  if (norms) {
    low = norms(low, "dt");
    b = norms(b, "b");
    c = norms(c, "c");
  }
  const Matrix steps = map(project(model, path + ".dt_proj", low), softplus);
  Matrix out(x.rows, inner);
  for (int d = 0; d < inner; ++d) {
    std::vector<double> state(size_t(state_size), 0.0);
    for (int t = 0; t < x.rows; ++t) {
      double y = model(path + ".D")(0, d) * u(t, d);
      for (int n = 0; n < state_size; ++n) {
        const double rate = -std::exp(model(path + ".A_log")(d, n));
        double& h = state[size_t(n)];
        h = std::exp(rate * steps(t, d)) * h + steps(t, d) * b(t, n) * u(t, d);
        y += c(t, n) * h;
      }
      out(t, d) = y;
    }
  }
  return project(model, path + ".out_proj", open(out, columns(both, inner, 2 * inner)));
}

Matrix mamba2(const TinyModel& model, const std::string& path, const Matrix& x,
              const Mamba2Sizes& sizes,
              const std::function<Matrix(const Matrix&, const Matrix&)>& gated,
              const std::vector<double>& factors, double min_step, double max_step) {
  const auto [heads, head_dim, groups, state_size] = sizes;
  const int inner = heads * head_dim, group = groups * state_size;
  Matrix all = project(model, path + ".in_proj", x);
  for (int t = 0; t < all.rows && !factors.empty(); ++t) {
    for (int i = 0; i < all.columns; ++i) all(t, i) *= factors[size_t(i)];
  }
  const int end = inner + inner + 2 * group;
  const Matrix mixed = map(causal_conv(columns(all, inner, end), model(path + ".conv1d.weight"),
                                       bias_of(model, path + ".conv1d")),
                           silu);
  Matrix out(x.rows, inner);
  for (int h = 0; h < heads; ++h) {
    const int at = h * head_dim, at_b = inner + h / (heads / groups) * state_size;
    Matrix state(head_dim, state_size);
    for (int t = 0; t < x.rows; ++t) {
      const double step = std::clamp(softplus(all(t, end + h) + model(path + ".dt_bias")(0, h)),
                                     min_step, max_step);
      const double decay = std::exp(-std::exp(model(path + ".A_log")(0, h)) * step);
      for (int p = 0; p < head_dim; ++p) {
        double y = model(path + ".D")(0, h) * mixed(t, at + p);
        for (int n = 0; n < state_size; ++n) {
          state(p, n) = decay * state(p, n) + step * mixed(t, at_b + n) * mixed(t, at + p);
          y += state(p, n) * mixed(t, at_b + group + n);
        }
        out(t, at + p) = y;
      }
    }
  }
  return project(model, path + ".out_proj", gated(out, columns(all, 0, inner)));
}

Matrix open(const Matrix& y, const Matrix& gate) { return y * map(gate, silu); }

Matrix attend(const TinyModel& model, const std::string& path, const Matrix& x,
              const HeadSizes& sizes, const std::function<Matrix(const Matrix&, int, bool)>& turn,
              double scale, const std::string& output) {
  Matrix queries = project(model, path + ".q_proj", x), keys = project(model, path + ".k_proj", x);
  if (turn) {
    queries = turn(queries, sizes.heads, true);
    keys = turn(keys, sizes.key_value_heads, false);
  }
  AttentionOptions options{.heads = sizes.heads, .key_value_heads = sizes.key_value_heads};
  if (scale != 0) options.scale = scale;
  const Matrix values = project(model, path + ".v_proj", x);
  return project(model, path + "." + output, attention(queries, keys, values, options));
}

Matrix mlp(const TinyModel& model, const std::string& path, const Matrix& x) {
  return project(
      model, path + ".down_proj",
      map(project(model, path + ".gate_proj", x), silu) * project(model, path + ".up_proj", x));
}

Matrix decode(const TinyModel& model, const std::vector<int32_t>& tokens, const Names& names,
              const std::vector<Change>& changes, double eps) {
  Matrix x = embed(model(names.embedding + ".weight"), tokens);
  for (int i = 0; i < int(model.spec().layers.size()); ++i) {
    const std::string layer = names.layers + "." + std::to_string(i) + ".";
    for (const Change& change : changes) x = x + change(x, layer, i);
  }
  const bool tied = !model.has("lm_head.weight");
  return linear(rms_norm(x, model(names.norm + ".weight"), eps),
                model(tied ? names.embedding + ".weight" : "lm_head.weight"));
}

}  // namespace quern::tests::reference
