#include "models/tokenizer/decoder_stages.h"

#include <nlohmann/json.hpp>

#include "models/tokenizer/component.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/pattern.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

using nlohmann::json;

namespace {

using Made = std::unique_ptr<TokenDecoder>;

class Sequence : public TokenDecoder {
 public:
  explicit Sequence(const json& component) {
    for (const json& step : array_field(component, "decoders", "decoder Sequence")) {
      steps_.push_back(make_decoder(step));
    }
  }
  DecoderStage* add_stages(std::vector<std::unique_ptr<DecoderStage>>& stages, DecoderStage* next,
                           Emission emission) const override {
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      next = (*step)->add_stages(stages, next, emission);
    }
    return next;
  }

 private:
  std::vector<Made> steps_;
};

/// Without a decoder: spaces between the tokens.
class Join : public DecoderStage {
 public:
  using Settings = NoSettings;
  Join(DecoderStage* next, const Settings&, Emission) : DecoderStage(next) {}
  void text(std::string_view chunk) override {
    if (between_) next_->text(" ");
    between_ = false;
    next_->text(chunk);
  }
  void end_token() override {
    next_->end_token();
    between_ = true;
  }

 private:
  bool between_ = false;
};

/// All tokens become one.
class Fuse : public DecoderStage {
 public:
  using Settings = NoSettings;
  Fuse(DecoderStage* next, const Settings&, Emission) : DecoderStage(next) {}
  void text(std::string_view chunk) override { next_->text(chunk); }
  void end_token() override {}
  void finish() override {
    next_->end_token();
    next_->finish();
  }
};

struct ReplaceSettings {
  explicit ReplaceSettings(const json& component)
      : content(string_field(component, "content", "decoder Replace")) {
    const json* field = find_field(component, "pattern", "decoder Replace");
    pattern = make_pattern(field ? *field : json(), "decoder Replace");
  }
  std::string content;
  std::unique_ptr<Pattern> pattern;
};

class Replace : public TokenStage {
 public:
  using Settings = ReplaceSettings;
  Replace(DecoderStage* next, const Settings& settings, Emission)
      : TokenStage(next), settings_(settings) {}

 protected:
  void token(std::string_view text) override {
    pass(replace_all(*settings_.pattern, text, settings_.content));
  }

 private:
  const Settings& settings_;
};

struct StripSettings {
  explicit StripSettings(const json& component)
      : start(count(component, "start")), stop(count(component, "stop")) {
    append_utf8(character_field(component, "content", where, U' '), content);
  }
  static size_t count(const json& component, const char* name) {
    int64_t value = integer_field(component, name, where);
    if (value < 0) throw FormatError(fmt::format("{}: \"{}\" is {}", where, name, value));
    return static_cast<size_t>(value);
  }
  static constexpr const char* where = "decoder Strip";
  size_t start;
  size_t stop;
  std::string content;
};

/// Removes up to `start` characters `content` from the front of each token and up to `stop` from
/// its back.
class Strip : public DecoderStage {
 public:
  using Settings = StripSettings;
  Strip(DecoderStage* next, const Settings& settings, Emission)
      : DecoderStage(next), settings_(settings) {}

  void text(std::string_view chunk) override {
    const std::string& content = settings_.content;
    if (!content_begun_) {
      held_ += chunk;
      while (stripped_ < settings_.start && held_.starts_with(content)) {
        held_.erase(0, content.size());
        ++stripped_;
      }
      if (held_.empty()) return;
      content_begun_ = true;
    } else {
      held_ += chunk;
    }
    size_t kept = held_.size();
    for (size_t n = 0; n < settings_.stop && ends_with_content(kept); ++n) kept -= content.size();
    next_->text(std::string_view(held_).substr(0, kept));
    held_.erase(0, kept);
  }

  void end_token() override {
    held_.clear();
    stripped_ = 0;
    content_begun_ = false;
    next_->end_token();
  }

 private:
  bool ends_with_content(size_t end) const {
    return std::string_view(held_).substr(0, end).ends_with(settings_.content);
  }

  const Settings& settings_;
  std::string held_;  // nothing but content that the token's end may strip
  size_t stripped_ = 0;
  bool content_begun_ = false;
};

Made make_sequence(const json& component) { return std::make_unique<Sequence>(component); }

constexpr ComponentType<TokenDecoder, json> types[] = {
    {"Sequence", make_sequence},
    {"ByteLevel", make_byte_level_decoder},
    {"ByteFallback", make_byte_fallback_decoder},
    {"Metaspace", make_metaspace_decoder},
    {"Replace", make_single<Replace>},
    {"Fuse", make_single<Fuse>},
    {"Strip", make_single<Strip>},
    {"WordPiece", make_word_piece_decoder},
    {"BPEDecoder", make_bpe_decoder},
    {"CTC", make_ctc_decoder},
};

}  // namespace

Made make_decoder(const json& component) {
  return make_component(types, "decoder", string_field(component, "type", "a decoder"), component);
}

Made make_joining_decoder() { return make_single<Join>(json()); }

}  // namespace quern::models
