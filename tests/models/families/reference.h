#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace quern::tests::reference {

// What language models are made of, in float64 and as slow as it is plain: what families are
// checked against. Tokens are rows.

struct Matrix {
  Matrix() = default;
  Matrix(int rows, int columns, double value = 0)
      : rows(rows), columns(columns), values(size_t(rows) * size_t(columns), value) {}

  double& operator()(int row, int column) { return values[index(row, column)]; }
  double operator()(int row, int column) const { return values[index(row, column)]; }

  int rows = 0, columns = 0;
  std::vector<double> values;

 private:
  size_t index(int row, int column) const { return size_t(row) * size_t(columns) + size_t(column); }
};

Matrix operator+(const Matrix& a, const Matrix& b);
Matrix operator*(const Matrix& a, const Matrix& b);  ///< element by element
Matrix operator*(const Matrix& a, double factor);

/// f of every element.
Matrix map(const Matrix& x, const std::function<double(double)>& f);
/// The columns from `begin` to before `end`.
Matrix columns(const Matrix& x, int begin, int end);
Matrix rows(const Matrix& x, int begin, int end);
/// Side by side.
Matrix beside(const Matrix& a, const Matrix& b);
/// The table's rows with these numbers.
Matrix embed(const Matrix& table, const std::vector<int32_t>& tokens);

/// x @ weight^T (+ bias). weight: [out, in]; bias: [1, out].
Matrix linear(const Matrix& x, const Matrix& weight);
Matrix linear(const Matrix& x, const Matrix& weight, const Matrix& bias);

/// Over each row, or with `groups` over each of that many equal parts of it. weight: as long as
/// what is normalised, as the whole row, or empty for none; likewise bias.
Matrix rms_norm(const Matrix& x, const Matrix& weight, double eps, int groups = 1);
Matrix layer_norm(const Matrix& x, const Matrix& weight, const Matrix& bias, double eps,
                  int groups = 1);

double sigmoid(double x);
double silu(double x);
double gelu(double x);       ///< with the error function
double gelu_tanh(double x);  ///< the approximation of Hendrycks & Gimpel 2016
double relu(double x);
double relu_squared(double x);
double softplus(double x);
std::vector<double> softmax(std::vector<double> scores);

/// theta^(2i / dims), one for each pair.
std::vector<double> rope_periods(double theta, int dims);

/// Each of `heads` equal parts of row t is turned: pair i by the angle (offset + t) / periods[i]. A
/// pair is elements i and i + number of pairs, or, interleaved, 2i and 2i + 1.
Matrix rope(const Matrix& x, int heads, const std::vector<double>& periods,
            bool interleaved = false, int offset = 0);

struct AttentionOptions {
  int heads = 1, key_value_heads = 1;
  std::optional<double> scale = {};  ///< none: 1 / sqrt(head_dim)
  /// Whether the query at one position sees the key at another that is not after it.
  std::function<bool(int query, int key)> sees = {};
  std::optional<double> softcap = {};
  std::vector<double> sinks = {};  ///< one for each head, or none
};

/// Causal. queries: [T, heads * D]; keys: [T, key_value_heads * D]; values may have another D.
Matrix attention(const Matrix& queries, const Matrix& keys, const Matrix& values,
                 const AttentionOptions& options);

/// For AttentionOptions::sees: the last `window` tokens, the query's own included.
std::function<bool(int, int)> within(int window);

}  // namespace quern::tests::reference
