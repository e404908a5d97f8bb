#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "models/decoder/altup_spec.h"
#include "models/decoder/attention_spec.h"
#include "models/decoder/dense_and_moe_spec.h"
#include "models/decoder/gated_delta_spec.h"
#include "models/decoder/layer_input_spec.h"
#include "models/decoder/mamba2_spec.h"
#include "models/decoder/mamba_spec.h"
#include "models/decoder/mla_spec.h"
#include "models/decoder/mlp_spec.h"
#include "models/decoder/moe_spec.h"
#include "models/decoder/norm_spec.h"
#include "models/decoder/short_conv_spec.h"
#include "models/decoder/side_by_side_spec.h"
#include "models/weights/weight_rule.h"

namespace quern::models {

// What distinguishes one family of models from another, as data. A family fills this in from its
// config.json; Transformer is built from it. Names of weights are relative: a layer's module "x"
// with the norm "y" is found at LAYERS.i.y.weight, its projection "z" at LAYERS.i.x.z.weight.

/// x + mixer(x) and then x + feed_forward(x), with norms wherever they have a name. Norms before
/// make a pre-norm block, norms after a post-norm block, both a sandwich. A layer may lack one of
/// the two halves: its norms' names mean nothing then.
struct LayerSpec {
  std::variant<std::monostate, AttentionSpec, MlaSpec, ShortConvSpec, GatedDeltaSpec, MambaSpec,
               Mamba2Spec, SideBySideSpec>
      mixer;
  std::variant<std::monostate, MlpSpec, MoeSpec, DenseAndMoeSpec> feed_forward;
  NormSpec norm;
  /// x + mixer(x) + feed_forward(x); both read mixer_pre_norm's result, unless
  /// feed_forward_pre_norm is named.
  bool parallel = false;
  float residual_scale = 1.0f;
  bool clips_residual = false;  ///< in float16: sums beyond its range become its largest value

  /// Empty: the layer itself.
  std::string mixer_name = "self_attn", feed_forward_name = "mlp";
  std::optional<std::string> mixer_pre_norm = "input_layernorm";
  std::optional<std::string> mixer_post_norm;
  std::optional<std::string> feed_forward_pre_norm = "post_attention_layernorm";
  std::optional<std::string> feed_forward_post_norm;

  /// x is several streams, of which the layer computes one.
  std::optional<AltUpSpec> altup;
  /// A way of this rank around the mixer, in a module "laurel": (x + mixer(x) + laurel(x)) /
  /// sqrt(2).
  std::optional<int> laurel_rank;
  /// In the end: what the layer gets besides the stream, when DecoderSpec has it.
  std::optional<LayerInputSpec> own_input;
  /// The layer's result is multiplied by this: LAYERS.i.NAME [1].
  std::optional<std::string> output_scale_name;
};

struct DecoderSpec {
  int hidden_size = 0;
  int vocab_size = 0;
  std::optional<Dtype> dtype;  ///< that it computes in; none: as the weights say
  std::vector<LayerSpec> layers;
  NormSpec norm;  ///< before the head
  float embedding_scale = 1.0f;
  float logit_scale = 1.0f;
  std::optional<float> logit_softcap;  ///< logits become cap * tanh(logit / cap)

  std::optional<bool> tied_head;  ///< none: tied when the checkpoint has no head
  bool head_bias = false;

  /// A table of learned positions, added to the embedding: PATH.weight [position_count, hidden].
  std::optional<std::string> position_embedding_name;
  int position_count = 0;

  /// Each layer's own input; names are relative to where embedding_name lies.
  std::optional<LayerInputSpec> layer_inputs;

  /// Several streams through the layers, like LayerSpec::altup; names are relative as those above.
  std::optional<AltUpSpec> altup;

  std::string embedding_name = "model.embed_tokens";
  std::string layers_name = "model.layers";
  std::string norm_name = "model.norm";
  std::string head_name = "lm_head";

  /// Endings of names that published checkpoints hold and nothing needs.
  std::vector<std::string> ignored = {"rotary_emb.inv_freq"};

  /// What turns published names and forms into those above.
  WeightRules rules;
};

}  // namespace quern::models
