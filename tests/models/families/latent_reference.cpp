#include "tests/models/families/latent_reference.h"

namespace quern::tests {

using namespace reference;

TinyTensors LatentAttention::tensors() const {
  const int queries = heads * (plain + turning);
  TinyTensors out = {{"kv_a_proj_with_mqa.weight", {rank + turning, hidden}},
                     {"kv_a_layernorm.weight", {rank}},
                     {"kv_b_proj.weight", {heads * (plain + value), rank}},
                     {"o_proj.weight", {hidden, heads * value}}};
  if (query_rank == 0) return out + TinyTensors{{"q_proj.weight", {queries, hidden}}};
  return out + TinyTensors{{"q_a_proj.weight", {query_rank, hidden}},
                           {"q_a_layernorm.weight", {query_rank}},
                           {"q_b_proj.weight", {queries, query_rank}}};
}

Matrix LatentAttention::operator()(const Matrix& x, const TinyModel& model,
                                   const std::string& path) const {
  const auto project = [&](const Matrix& from, const char* name) {
    return linear(from, model(path + name + ".weight"));
  };
  const auto norm = [&](const Matrix& from, const char* name) {
    return rms_norm(from, model(path + name + ".weight"), 1e-6);
  };
  const Matrix queries = query_rank == 0
                             ? project(x, "q_proj")
                             : project(norm(project(x, "q_a_proj"), "q_a_layernorm"), "q_b_proj");
  const Matrix latents = project(x, "kv_a_proj_with_mqa");
  const Matrix both = project(norm(columns(latents, 0, rank), "kv_a_layernorm"), "kv_b_proj");
  const Matrix shared = rope(columns(latents, rank, rank + turning), 1, periods, interleaved);

  Matrix all_queries(x.rows, 0), all_keys(x.rows, 0), all_values(x.rows, 0);
  for (int h = 0; h < heads; ++h) {
    const int q = h * (plain + turning), k = h * (plain + value);
    all_queries = beside(all_queries, columns(queries, q, q + plain));
    all_queries = beside(all_queries, rope(columns(queries, q + plain, q + plain + turning), 1,
                                           periods, interleaved));
    all_keys = beside(beside(all_keys, columns(both, k, k + plain)), shared);
    all_values = beside(all_values, columns(both, k + plain, k + plain + value));
  }
  return project(attention(all_queries, all_keys, all_values,
                           {.heads = heads, .key_value_heads = heads, .scale = scale}),
                 "o_proj");
}

}  // namespace quern::tests
