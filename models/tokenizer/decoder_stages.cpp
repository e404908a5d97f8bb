#include <nlohmann/json.hpp>
#include <utility>

#include "models/tokenizer/byte_alphabet.h"
#include "models/tokenizer/component.h"
#include "models/tokenizer/decoder.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/metaspace.h"
#include "models/tokenizer/pattern.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

using nlohmann::json;

namespace {

using Made = std::unique_ptr<TokenDecoder>;
using Stages = std::vector<std::unique_ptr<DecoderStage>>;

/// A decoder of one stage. `Stage` is constructed from the next stage, its settings and the
/// emission; the settings are constructed from JSON.
template <class Stage>
class Single : public TokenDecoder {
 public:
  explicit Single(const json& component) : settings_(component) {}
  DecoderStage* add_stages(Stages& stages, DecoderStage* next, Emission emission) const override {
    stages.push_back(std::make_unique<Stage>(next, settings_, emission));
    return stages.back().get();
  }

 private:
  typename Stage::Settings settings_;
};

struct NoSettings {
  explicit NoSettings(const json&) {}
};

class Sequence : public TokenDecoder {
 public:
  explicit Sequence(const json& component) {
    for (const json& step : array_field(component, "decoders", "decoder Sequence")) {
      steps_.push_back(make_decoder(step));
    }
  }
  DecoderStage* add_stages(Stages& stages, DecoderStage* next, Emission emission) const override {
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      next = (*step)->add_stages(stages, next, emission);
    }
    return next;
  }

 private:
  std::vector<Made> steps_;
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

/// Characters of the byte alphabet become bytes, and all tokens become one text.
class ByteLevel : public TokenStage {
 public:
  using Settings = NoSettings;
  ByteLevel(DecoderStage* next, const Settings&, Emission) : TokenStage(next) {}
  void finish() override {
    std::string rest;
    assembler_.finish(rest);
    next_->text(rest);
    next_->end_token();
    next_->finish();
  }

 protected:
  void token(std::string_view text) override {
    bytes_.clear();
    completed_.clear();
    append_bytes(text, bytes_);
    for (char byte : bytes_) assembler_.add(static_cast<uint8_t>(byte), completed_);
    next_->text(completed_);
  }

 private:
  Utf8Assembler assembler_;
  std::string bytes_;
  std::string completed_;
};

/// Tokens <0x00> to <0xFF> become bytes. A run of them that is not valid UTF-8 as a whole gives
/// U+FFFD for each byte.
///
/// Prompt emission gives out characters while the run goes on, so those before an invalid byte stay
/// as they are.
class ByteFallback : public TokenStage {
 public:
  using Settings = NoSettings;
  ByteFallback(DecoderStage* next, const Settings&, Emission emission)
      : TokenStage(next), prompt_(emission == Emission::prompt) {}
  void finish() override {
    end_run();
    next_->finish();
  }

 protected:
  void token(std::string_view text) override {
    int byte = byte_of(text);
    if (byte < 0) {
      end_run();
      pass(text);
      return;
    }
    in_run_ = true;
    if (!broken_ && assembler_.accepts(static_cast<uint8_t>(byte))) {
      assembler_.add(static_cast<uint8_t>(byte), characters_);
    } else {
      broken_ = true;
    }
    ++bytes_;
    if (!prompt_) return;
    if (broken_) {
      replace_bytes();
    } else if (assembler_.pending() == 0) {
      pass(std::exchange(characters_, {}));
      bytes_ = 0;
    }
  }

 private:
  static int byte_of(std::string_view token) {
    if (token.size() != 6 || token.substr(0, 3) != "<0x" || token[5] != '>') return -1;
    int value = 0;
    for (char digit : token.substr(3, 2)) {
      int nibble = digit >= '0' && digit <= '9'   ? digit - '0'
                   : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                   : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                                                  : -1;
      if (nibble < 0) return -1;
      value = value * 16 + nibble;
    }
    return value;
  }

  /// U+FFFD for each byte that was not given out.
  void replace_bytes() {
    for (; bytes_ > 0; --bytes_) pass(replacement_character);
    characters_.clear();
    assembler_ = {};
  }

  void end_run() {
    if (!in_run_) return;
    if (broken_ || assembler_.pending() > 0) {
      replace_bytes();
    } else if (bytes_ > 0) {
      pass(characters_);
    }
    characters_.clear();
    bytes_ = 0;
    in_run_ = broken_ = false;
  }

  bool prompt_;
  bool in_run_ = false;
  bool broken_ = false;     // the run holds an invalid byte
  size_t bytes_ = 0;        // of the run, not given out yet
  std::string characters_;  // what they make
  Utf8Assembler assembler_;
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

struct MetaspaceSettings : Metaspace {
  explicit MetaspaceSettings(const json& component)
      : Metaspace(metaspace(component, "decoder Metaspace")) {
    append_utf8(replacement, mark);
  }
  std::string mark;
};

/// Marks become spaces; those of the first token vanish when the pre-tokenizer set one before the
/// text.
class MetaspaceSpaces : public TokenStage {
 public:
  using Settings = MetaspaceSettings;
  MetaspaceSpaces(DecoderStage* next, const Settings& settings, Emission)
      : TokenStage(next), settings_(settings) {}

 protected:
  void token(std::string_view text) override {
    bool drop = first_ && settings_.prepend != MetaspacePrepend::never;
    first_ = false;
    std::string out;
    size_t done = 0;
    size_t found;
    while ((found = text.find(settings_.mark, done)) != text.npos) {
      out += text.substr(done, found - done);
      if (!drop) out += ' ';
      done = found + settings_.mark.size();
    }
    out += text.substr(done);
    pass(out);
  }

 private:
  const Settings& settings_;
  bool first_ = true;
};

void replace_every(std::string& text, std::string_view from, std::string_view to) {
  for (size_t i = 0; (i = text.find(from, i)) != text.npos; i += to.size()) {
    text.replace(i, from.size(), to);
  }
}

struct WordPieceSettings {
  explicit WordPieceSettings(const json& component)
      : prefix(string_field(component, "prefix", "decoder WordPiece", "##")),
        cleanup(bool_field(component, "cleanup", "decoder WordPiece", true)) {}
  std::string prefix;
  bool cleanup;
};

/// Words are set apart by spaces, their continuations joined, and English punctuation drawn close.
class WordPiece : public TokenStage {
 public:
  using Settings = WordPieceSettings;
  WordPiece(DecoderStage* next, const Settings& settings, Emission)
      : TokenStage(next), settings_(settings) {}

 protected:
  void token(std::string_view text) override {
    std::string out;
    if (first_) {
      out = text;
    } else if (text.starts_with(settings_.prefix)) {
      out = text.substr(settings_.prefix.size());
    } else {
      out = " ";
      out += text;
    }
    first_ = false;
    if (settings_.cleanup) {
      static constexpr std::string_view replacements[][2] = {
          {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
          {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
          {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
      for (const auto& [from, to] : replacements) replace_every(out, from, to);
    }
    pass(out);
  }

 private:
  const Settings& settings_;
  bool first_ = true;
};

struct WordEndSettings {
  explicit WordEndSettings(const json& component)
      : suffix(string_field(component, "suffix", "decoder BPEDecoder", "</w>")) {}
  std::string suffix;
};

/// The suffix that marks a word's end becomes a space, in the last token nothing; so one token is
/// held back.
class BpeWords : public TokenStage {
 public:
  using Settings = WordEndSettings;
  BpeWords(DecoderStage* next, const Settings& settings, Emission)
      : TokenStage(next), settings_(settings) {}
  void finish() override {
    if (holds_) give_out("");
    next_->finish();
  }

 protected:
  void token(std::string_view text) override {
    if (holds_) give_out(" ");
    held_ = text;
    holds_ = true;
  }

 private:
  void give_out(std::string_view word_end) {
    if (!settings_.suffix.empty()) replace_every(held_, settings_.suffix, word_end);
    pass(held_);
    holds_ = false;
  }

  const Settings& settings_;
  std::string held_;
  bool holds_ = false;
};

template <class Stage>
Made make(const json& component) {
  return std::make_unique<Single<Stage>>(component);
}

Made make_sequence(const json& component) { return std::make_unique<Sequence>(component); }

constexpr ComponentType<TokenDecoder, json> types[] = {
    {"Sequence", make_sequence},
    {"ByteLevel", make<ByteLevel>},
    {"ByteFallback", make<ByteFallback>},
    {"Metaspace", make<MetaspaceSpaces>},
    {"Replace", make<Replace>},
    {"Fuse", make<Fuse>},
    {"Strip", make<Strip>},
    {"WordPiece", make<WordPiece>},
    {"BPEDecoder", make<BpeWords>},
};

}  // namespace

Made make_decoder(const json& component) {
  return make_component(types, "decoder", string_field(component, "type", "a decoder"), component);
}

Made make_joining_decoder() { return make<Join>(json()); }

}  // namespace quern::models
