#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

/// When text that later tokens might still change is given out.
enum class Emission {
  exact,   // never: the whole is what the `tokenizers` library decodes at once
  prompt,  // as soon as a character is complete; see byte_fallback in decoder_stages.cpp for the
           // one difference
  bytes,   // as prompt, but the bytes of incomplete characters too, token by token
};

/// One step from tokens to text, working on a stream: text arrives in chunks, end_token() closes a
/// token and finish() the stream. Belongs to one stream and one thread.
class DecoderStage {
 public:
  explicit DecoderStage(DecoderStage* next) : next_(next) {}
  virtual ~DecoderStage() = default;
  DecoderStage(const DecoderStage&) = delete;
  DecoderStage& operator=(const DecoderStage&) = delete;

  virtual void text(std::string_view chunk) = 0;
  virtual void end_token() = 0;
  /// Called once, between tokens. Gives out what was held back and finishes the next stage.
  virtual void finish() { next_->finish(); }

 protected:
  DecoderStage* next_;  // null only in the last
};

/// What tokenizer.json's "decoder" says, without any state. Immutable; any thread may call it.
class TokenDecoder {
 public:
  virtual ~TokenDecoder() = default;

  /// Appends the stages so that the first one added is the last in the chain; `next` follows them
  /// all. Returns the stage that takes the tokens.
  virtual DecoderStage* add_stages(std::vector<std::unique_ptr<DecoderStage>>& stages,
                                   DecoderStage* next, Emission emission) const = 0;
};

/// Throws FormatError when the type is not supported or a field is wrong.
std::unique_ptr<TokenDecoder> make_decoder(const nlohmann::json& component);

/// A decoder for files that name none: tokens are joined by spaces.
std::unique_ptr<TokenDecoder> make_joining_decoder();

/// A decoder at work on one sequence of tokens. Belongs to one thread.
class DecodeStream {
 public:
  DecodeStream(const TokenDecoder& decoder, Emission emission);
  ~DecodeStream();
  DecodeStream(DecodeStream&&) noexcept;
  DecodeStream& operator=(DecodeStream&&) noexcept;

  /// The token's text in the vocabulary.
  void add(std::string_view token);
  void finish();

  /// The text completed since the last call.
  std::string take();

 private:
  class Collector;
  std::unique_ptr<Collector> collector_;
  std::vector<std::unique_ptr<DecoderStage>> stages_;
  DecoderStage* first_;
};

}  // namespace quern::models
