#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/models/families/reference.h"
#include "tests/models/families/tiny_model.h"

namespace quern::tests::reference {

// Decoders with experts in float64.

/// A token's experts and what each counts.
using Route = std::vector<std::pair<int, double>>;

/// Numbers of the k largest scores; of equal ones the lower number.
std::vector<int> best(const std::vector<double>& scores, int k);

/// The chosen experts with the weights[expert], divided by their sum if `normalised`, times scale.
Route route_to(const std::vector<int>& chosen, const std::vector<double>& weights, bool normalised,
               double scale = 1);

/// The k best of a softmax over all.
Route softmax_route(const std::vector<double>& logits, int k, bool normalised);

/// Phi-3.5-MoE's two experts.
Route sparse_mixer_route(const std::vector<double>& logits, double tie_width);

/// sum over a token's route of weight * expert(token), for each row of x; routes come from rows of
/// logits.
Matrix mixture(const Matrix& x, const Matrix& logits,
               const std::function<Route(const std::vector<double>&)>& route,
               const std::function<Matrix(const Matrix& token, int expert)>& expert);

/// down(silu(gate(x)) * up(x)).
Matrix swiglu(const Matrix& x, const Matrix& gate, const Matrix& up, const Matrix& down);

/// Matrix e of weights that are stacked as rows, [in, out] each, as [out, in].
Matrix transposed_part(const Matrix& stacked, int e, int in);

/// x + attend(norm(x)), x + feed(norm(x)) for each layer, under the names of Llama.
struct Network {
  using Half = std::function<Matrix(const Matrix& x, const std::string& layer, int i)>;
  using Normalise = std::function<Matrix(const Matrix& x, const std::string& path)>;

  const TinyModel& model;
  Half attend = {};
  Half feed = {};
  Normalise norm = {};  ///< or else RMS, 1e-5
  double embedding_scale = 1, residual_scale = 1, logit_scale = 1;

  Matrix logits(const std::vector<int32_t>& tokens) const;
  /// model(layer + name + ".weight"), applied, with the bias if there is one.
  Matrix project(const Matrix& x, const std::string& path) const;
  Matrix mlp(const Matrix& x, const std::string& path) const;
};

}  // namespace quern::tests::reference
