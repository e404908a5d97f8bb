#include "models/families/family.h"

namespace quern::models {

const WeightRules& text_part_rules() {
  static const auto* const rules = new WeightRules{
      drops("vision_tower"),
      drops("vision_model"),
      drops("visual"),
      drops("vision_embedder"),
      drops("mm_projector"),
      drops("multi_modal_projector"),
      drops("embed_vision"),
      drops("embed_audio"),
      drops("audio_tower"),
      drops("audio_model"),
      drops("vision_embed_tokens"),
      drops("img_processor"),
      drops("image_newline"),
      drops("mlp1"),
      renames("^language_model.model", "model"),
      renames("^model.language_model", "model"),
      renames("^language_model.lm_head", "lm_head"),
      renames("^text_model", "model"),
  };
  return *rules;
}

}  // namespace quern::models
