#include "models/tokenizer/decoder_stages.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/metaspace.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

using nlohmann::json;

namespace {

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

/// Draws English punctuation and contractions close.
void clean_up(std::string& text) {
  static constexpr std::string_view replacements[][2] = {
      {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
      {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : replacements) replace_every(text, from, to);
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
    if (settings_.cleanup) clean_up(out);
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
  BpeWords(DecoderStage* next, const Settings& settings, Emission emission)
      : TokenStage(next), settings_(settings), holds_back_(emission != Emission::bytes) {}
  void finish() override {
    if (holds_) give_out("");
    next_->finish();
  }

 protected:
  void token(std::string_view text) override {
    if (holds_) give_out(" ");
    held_ = text;
    holds_ = true;
    if (!holds_back_) give_out(" ");
  }

 private:
  void give_out(std::string_view word_end) {
    if (!settings_.suffix.empty()) replace_every(held_, settings_.suffix, word_end);
    pass(held_);
    holds_ = false;
  }

  const Settings& settings_;
  bool holds_back_;
  std::string held_;
  bool holds_ = false;
};

struct CtcSettings {
  explicit CtcSettings(const json& component)
      : pad(string_field(component, "pad_token", where, "<pad>")),
        word_delimiter(string_field(component, "word_delimiter_token", where, "|")),
        cleanup(bool_field(component, "cleanup", where, true)) {}
  static constexpr const char* where = "decoder CTC";
  std::string pad;
  std::string word_delimiter;
  bool cleanup;
};

/// Connectionist temporal classification: repetitions of a token and padding vanish.
class Ctc : public TokenStage {
 public:
  using Settings = CtcSettings;
  Ctc(DecoderStage* next, const Settings& settings, Emission)
      : TokenStage(next), settings_(settings) {}

 protected:
  void token(std::string_view text) override {
    if (text == previous_) return;
    previous_ = text;
    std::string out(text);
    if (!settings_.pad.empty()) replace_every(out, settings_.pad, "");
    if (settings_.cleanup) {
      clean_up(out);
      if (!settings_.word_delimiter.empty()) replace_every(out, settings_.word_delimiter, " ");
    }
    if (!out.empty()) pass(out);
  }

 private:
  const Settings& settings_;
  std::optional<std::string> previous_;
};

}  // namespace

std::unique_ptr<TokenDecoder> make_metaspace_decoder(const json& component) {
  return make_single<MetaspaceSpaces>(component);
}

std::unique_ptr<TokenDecoder> make_word_piece_decoder(const json& component) {
  return make_single<WordPiece>(component);
}

std::unique_ptr<TokenDecoder> make_ctc_decoder(const json& component) {
  return make_single<Ctc>(component);
}

std::unique_ptr<TokenDecoder> make_bpe_decoder(const json& component) {
  return make_single<BpeWords>(component);
}

}  // namespace quern::models
