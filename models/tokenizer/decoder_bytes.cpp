#include "models/tokenizer/decoder_stages.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "models/tokenizer/byte_alphabet.h"
#include "models/tokenizer/byte_tokens.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

using nlohmann::json;

namespace {

/// Characters of the byte alphabet become bytes, and all tokens become one text.
class ByteLevel : public TokenStage {
 public:
  using Settings = NoSettings;
  ByteLevel(DecoderStage* next, const Settings&, Emission emission)
      : TokenStage(next), raw_(emission == Emission::bytes) {}
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
    if (raw_) {
      next_->text(bytes_);
      return;
    }
    for (char byte : bytes_) assembler_.add(static_cast<uint8_t>(byte), completed_);
    next_->text(completed_);
  }

 private:
  bool raw_;
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
      : TokenStage(next),
        prompt_(emission == Emission::prompt),
        raw_(emission == Emission::bytes) {}
  void finish() override {
    end_run();
    next_->finish();
  }

 protected:
  void token(std::string_view text) override {
    int byte = byte_of_token(text);
    if (raw_ && byte >= 0) {
      pass(std::string(1, static_cast<char>(byte)));
      return;
    }
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
  bool raw_;
  bool in_run_ = false;
  bool broken_ = false;     // the run holds an invalid byte
  size_t bytes_ = 0;        // of the run, not given out yet
  std::string characters_;  // what they make
  Utf8Assembler assembler_;
};

}  // namespace

std::unique_ptr<TokenDecoder> make_byte_level_decoder(const json& component) {
  return make_single<ByteLevel>(component);
}

std::unique_ptr<TokenDecoder> make_byte_fallback_decoder(const json& component) {
  return make_single<ByteFallback>(component);
}

}  // namespace quern::models
