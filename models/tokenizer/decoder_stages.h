#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizer/decoder.h"

namespace quern::models {

/// What decoders of one stage are built from, and the functions that make_decoder finds them by.

/// A decoder of one stage. `Stage` is constructed from the next stage, its settings and the
/// emission; the settings are constructed from JSON.
template <class Stage>
class Single : public TokenDecoder {
 public:
  explicit Single(const nlohmann::json& component) : settings_(component) {}
  DecoderStage* add_stages(std::vector<std::unique_ptr<DecoderStage>>& stages, DecoderStage* next,
                           Emission emission) const override {
    stages.push_back(std::make_unique<Stage>(next, settings_, emission));
    return stages.back().get();
  }

 private:
  typename Stage::Settings settings_;
};

struct NoSettings {
  explicit NoSettings(const nlohmann::json&) {}
};

/// A stage that looks at whole tokens.
class TokenStage : public DecoderStage {
 public:
  using DecoderStage::DecoderStage;
  void text(std::string_view chunk) override { token_ += chunk; }
  void end_token() override {
    token(token_);
    token_.clear();
  }

 protected:
  virtual void token(std::string_view text) = 0;
  void pass(std::string_view text) {
    next_->text(text);
    next_->end_token();
  }

 private:
  std::string token_;
};

template <class Stage>
std::unique_ptr<TokenDecoder> make_single(const nlohmann::json& component) {
  return std::make_unique<Single<Stage>>(component);
}

std::unique_ptr<TokenDecoder> make_byte_level_decoder(const nlohmann::json& component);
std::unique_ptr<TokenDecoder> make_byte_fallback_decoder(const nlohmann::json& component);
std::unique_ptr<TokenDecoder> make_metaspace_decoder(const nlohmann::json& component);
std::unique_ptr<TokenDecoder> make_word_piece_decoder(const nlohmann::json& component);
std::unique_ptr<TokenDecoder> make_ctc_decoder(const nlohmann::json& component);
std::unique_ptr<TokenDecoder> make_bpe_decoder(const nlohmann::json& component);

}  // namespace quern::models
