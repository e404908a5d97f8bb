#pragma once

#include <memory>
#include <optional>
#include <string>

#include "models/decoder/linear.h"
#include "models/decoder/mla_spec.h"
#include "models/decoder/norm.h"
#include "models/decoder/rope.h"
#include "models/decoder/token_mixer.h"
#include "models/weights/head_matrix.h"

namespace quern::models {

/// Multi-head latent attention over a cache of latents. Queries either meet the latents themselves,
/// with the heads' projections moved over to the queries and the result, or keys and values that
/// are computed from all of them, whichever multiplies less.
///
/// Takes PATH.q_proj, or q_a_proj, q_a_layernorm and q_b_proj; kv_a_proj_with_mqa, kv_a_layernorm
/// and o_proj; and the heads' projections of the latent either as kv_b_proj [H * (plain_dim +
/// value_dim), latent_rank] or apart, as embed_q [H, latent_rank, plain_dim] and unembed_out
/// [H, value_dim, latent_rank].
class Mla final : public TokenMixer {
 public:
  Mla(WeightReader& reader, const std::string& path, const MlaSpec& spec, int hidden_size);

  array operator()(const array& x, Step& step) const override;
  std::unique_ptr<LayerCache> make_cache() const override;

 private:
  array mix(const array& queries, const array& latents, Step& step, size_t sequence) const;
  array meet_latents(const array& plain, const array& turning, const array& seen,
                     const AttentionMask& mask) const;
  array meet_keys(const array& plain, const array& turning, const array& seen,
                  const AttentionMask& mask) const;
  array to_latent(const array& queries) const;
  array to_keys(const array& latents) const;

  MlaSpec spec_;
  std::optional<Linear> query_, query_down_, query_up_;
  std::optional<Norm> query_norm_;
  Linear latent_;
  Norm latent_norm_;
  /// From a head's query to the latent it looks for, [H, latent_rank, plain_dim], or the other way
  /// round, from a latent to the head's key, [H, plain_dim, latent_rank].
  std::optional<HeadMatrix> query_to_latent_, latent_to_key_;
  std::optional<HeadMatrix> latent_to_value_;  ///< [H, value_dim, latent_rank]
  Linear output_;
  Rope rope_;
};

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const MlaSpec& spec, int hidden_size);

}  // namespace quern::models
