#include "tests/models/families/reference.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace quern::tests::reference {

namespace {

void check(bool fits, const char* what) {
  if (!fits) throw std::invalid_argument(std::string("[reference] sizes do not fit: ") + what);
}

Matrix combine(const Matrix& a, const Matrix& b, const std::function<double(double, double)>& f) {
  check(a.rows == b.rows && a.columns == b.columns, "elementwise");
  Matrix out = a;
  for (size_t i = 0; i < out.values.size(); ++i) out.values[i] = f(a.values[i], b.values[i]);
  return out;
}

/// Less `centre` of the mean, divided by the root of the mean square, part by part.
Matrix normalised(const Matrix& x, const Matrix& weight, const Matrix& bias, double eps, int groups,
                  bool centre) {
  check(x.columns % groups == 0, "norm");
  const int size = x.columns / groups;
  const auto at = [&](const Matrix& given, int column) {
    return given.values.at(size_t(column) % given.values.size());
  };
  Matrix out = x;
  for (int r = 0; r < x.rows; ++r) {
    for (int begin = 0; begin < x.columns; begin += size) {
      double mean = 0, square = 0;
      for (int c = begin; c < begin + size; ++c) mean += x(r, c) / size;
      if (!centre) mean = 0;
      for (int c = begin; c < begin + size; ++c) square += std::pow(x(r, c) - mean, 2) / size;
      for (int c = begin; c < begin + size; ++c) {
        double& value = out(r, c);
        value = (value - mean) / std::sqrt(square + eps);
        if (!weight.values.empty()) value *= at(weight, c);
        if (!bias.values.empty()) value += at(bias, c);
      }
    }
  }
  return out;
}

}  // namespace

Matrix operator+(const Matrix& a, const Matrix& b) {
  return combine(a, b, [](double x, double y) { return x + y; });
}

Matrix operator*(const Matrix& a, const Matrix& b) {
  return combine(a, b, [](double x, double y) { return x * y; });
}

Matrix operator*(const Matrix& a, double factor) {
  return map(a, [&](double x) { return x * factor; });
}

Matrix map(const Matrix& x, const std::function<double(double)>& f) {
  Matrix out = x;
  for (double& value : out.values) value = f(value);
  return out;
}

Matrix columns(const Matrix& x, int begin, int end) {
  check(0 <= begin && begin <= end && end <= x.columns, "columns");
  Matrix out(x.rows, end - begin);
  for (int r = 0; r < x.rows; ++r) {
    for (int c = begin; c < end; ++c) out(r, c - begin) = x(r, c);
  }
  return out;
}

Matrix rows(const Matrix& x, int begin, int end) {
  check(0 <= begin && begin <= end && end <= x.rows, "rows");
  Matrix out(end - begin, x.columns);
  for (int r = begin; r < end; ++r) {
    for (int c = 0; c < x.columns; ++c) out(r - begin, c) = x(r, c);
  }
  return out;
}

Matrix beside(const Matrix& a, const Matrix& b) {
  check(a.rows == b.rows, "beside");
  Matrix out(a.rows, a.columns + b.columns);
  for (int r = 0; r < out.rows; ++r) {
    for (int c = 0; c < out.columns; ++c) out(r, c) = c < a.columns ? a(r, c) : b(r, c - a.columns);
  }
  return out;
}

Matrix embed(const Matrix& table, const std::vector<int32_t>& tokens) {
  Matrix out(int(tokens.size()), table.columns);
  for (int r = 0; r < out.rows; ++r) {
    check(tokens[size_t(r)] < table.rows, "embedding");
    for (int c = 0; c < out.columns; ++c) out(r, c) = table(tokens[size_t(r)], c);
  }
  return out;
}

Matrix linear(const Matrix& x, const Matrix& weight) {
  check(x.columns == weight.columns, "linear");
  Matrix out(x.rows, weight.rows);
  for (int r = 0; r < x.rows; ++r) {
    for (int o = 0; o < weight.rows; ++o) {
      for (int c = 0; c < x.columns; ++c) out(r, o) += x(r, c) * weight(o, c);
    }
  }
  return out;
}

Matrix linear(const Matrix& x, const Matrix& weight, const Matrix& bias) {
  Matrix out = linear(x, weight);
  check(int(bias.values.size()) == out.columns, "bias");
  for (int r = 0; r < out.rows; ++r) {
    for (int c = 0; c < out.columns; ++c) out(r, c) += bias.values[size_t(c)];
  }
  return out;
}

Matrix rms_norm(const Matrix& x, const Matrix& weight, double eps, int groups) {
  return normalised(x, weight, {}, eps, groups, false);
}

Matrix layer_norm(const Matrix& x, const Matrix& weight, const Matrix& bias, double eps,
                  int groups) {
  return normalised(x, weight, bias, eps, groups, true);
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double silu(double x) { return x * sigmoid(x); }
double gelu(double x) { return x * 0.5 * (1 + std::erf(x / std::numbers::sqrt2)); }
double gelu_tanh(double x) {
  return x * 0.5 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}
double relu(double x) { return std::max(x, 0.0); }
double relu_squared(double x) { return relu(x) * relu(x); }
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

std::vector<double> softmax(std::vector<double> scores) {
  const double most = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - most);
  for (double& score : scores) score /= sum;
  return scores;
}

std::vector<double> rope_periods(double theta, int dims) {
  std::vector<double> out;
  for (int i = 0; i < dims; i += 2) out.push_back(std::pow(theta, double(i) / dims));
  return out;
}

Matrix rope(const Matrix& x, int heads, const std::vector<double>& periods, bool interleaved,
            int offset) {
  const int size = x.columns / heads, pairs = int(periods.size());
  check(x.columns % heads == 0 && 2 * pairs <= size, "rope");
  Matrix out = x;
  for (int t = 0; t < x.rows; ++t) {
    for (int h = 0; h < heads; ++h) {
      for (int i = 0; i < pairs; ++i) {
        const int a = h * size + (interleaved ? 2 * i : i);
        const int b = h * size + (interleaved ? 2 * i + 1 : i + pairs);
        const double angle = (offset + t) / periods[size_t(i)];
        out(t, a) = x(t, a) * std::cos(angle) - x(t, b) * std::sin(angle);
        out(t, b) = x(t, a) * std::sin(angle) + x(t, b) * std::cos(angle);
      }
    }
  }
  return out;
}

Matrix attention(const Matrix& queries, const Matrix& keys, const Matrix& values,
                 const AttentionOptions& options) {
  const int size = queries.columns / options.heads;
  const int value_size = values.columns / options.key_value_heads;
  check(keys.columns == size * options.key_value_heads && keys.rows == queries.rows, "attention");
  const double scale = options.scale.value_or(1 / std::sqrt(double(size)));
  Matrix out(queries.rows, options.heads * value_size);
  for (int h = 0; h < options.heads; ++h) {
    const int g = h / (options.heads / options.key_value_heads);
    for (int t = 0; t < queries.rows; ++t) {
      std::vector<int> seen;
      std::vector<double> scores;
      for (int s = 0; s <= t; ++s) {
        if (options.sees && !options.sees(t, s)) continue;
        double score = 0;
        for (int i = 0; i < size; ++i) score += queries(t, h * size + i) * keys(s, g * size + i);
        score *= scale;
        if (options.softcap) score = *options.softcap * std::tanh(score / *options.softcap);
        seen.push_back(s);
        scores.push_back(score);
      }
      if (!options.sinks.empty()) scores.push_back(options.sinks.at(size_t(h)));
      const std::vector<double> shares = softmax(scores);
      for (size_t n = 0; n < seen.size(); ++n) {
        for (int i = 0; i < value_size; ++i) {
          out(t, h * value_size + i) += shares[n] * values(seen[n], g * value_size + i);
        }
      }
    }
  }
  return out;
}

std::function<bool(int, int)> within(int window) {
  return [window](int query, int key) { return query - key < window; };
}

}  // namespace quern::tests::reference
